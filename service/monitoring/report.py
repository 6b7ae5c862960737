"""The drift of all columns of a model: as JSON, as metrics of Prometheus, and as a log line."""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from time import time
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.model.profile import Bins
from service.monitoring.comparison import MIN_ROWS, Comparison, compare
from service.monitoring.monitor import CONFIDENT_NUMBERS, Monitor
from service.monitoring.windows import WINDOWS, Numbers

log = logging.getLogger("slipway.drift")

MAX_NAMED = 20  # columns in a log line


def compared(monitor: Monitor, now: float | None = None) -> dict[str, dict[str, Any]]:
    """`rows`, the comparison of each input and output, and the confidence, by window."""
    monitor.count()
    sums = monitor.windows.sums(time() if now is None else now)
    return {window.name: _window(monitor, sums[window.name]) for window in WINDOWS}


def _window(monitor: Monitor, sums: Numbers) -> dict[str, Any]:
    profile, place = monitor.profile, 0
    columns = len(profile.inputs) + len(profile.outputs)
    found: dict[str, Any] = {"rows": 0}
    for part, described in (("inputs", profile.inputs), ("outputs", profile.outputs)):
        own: dict[str, Comparison] = {}
        for name, bins in described.items():
            own[name] = compare(bins, sums[place : place + bins.size], columns)
            place += bins.size
        found[part] = own
        found["rows"] = max([found["rows"], *(one.rows for one in own.values())])
    found["confidence"] = {}
    for name, in_sample in profile.confidence.items():
        rows, total, squares = sums[place : place + CONFIDENT_NUMBERS]
        place += CONFIDENT_NUMBERS
        if rows:
            mean = total / rows
            variance = max(0.0, squares / rows - mean**2)
            error = math.sqrt(variance / rows + in_sample.deviation**2 / profile.rows)
            found["confidence"][name] = {
                "rows": int(rows),
                "sample": in_sample.mean,
                "now": float(mean),
                "standard_error": error,
            }
    return found


def as_json(monitor: Monitor) -> dict[str, Any]:
    """What `GET /drift` responds: nothing about the columns of a window with few rows, where the
    values of single rows could be seen."""
    windows = {}
    for name, found in compared(monitor).items():
        windows[name] = {"rows": found["rows"], "enough_rows": found["rows"] >= MIN_ROWS}
        if found["rows"] >= MIN_ROWS:
            windows[name] |= {
                "drifted": {part: _drifted(found[part]) for part in ("inputs", "outputs")},
                "inputs": _described(monitor.profile.inputs, found["inputs"]),
                "outputs": _described(monitor.profile.outputs, found["outputs"]),
                "confidence": found["confidence"],
            }
    return {
        "version": monitor.predictor.manifest.version,
        "sample_rows": monitor.profile.rows,
        "min_rows": MIN_ROWS,
        "windows": windows,
    }


def write_line(monitor: Monitor) -> None:
    """Log the inputs and outputs that have drifted in the last hour, if there are any."""
    found = compared(monitor)["hour"]
    inputs, outputs = _drifted(found["inputs"]), _drifted(found["outputs"])
    if inputs or outputs:
        named = {"inputs": inputs[:MAX_NAMED], "outputs": outputs[:MAX_NAMED]}
        log.warning("drift", extra={"fields": {"window": "hour", "rows": found["rows"], **named}})


def _described(
    columns: Mapping[str, Bins], found: Mapping[str, Comparison]
) -> dict[str, dict[str, Any]]:
    return {name: {**asdict(found[name]), "bins": _names(bins)} for name, bins in columns.items()}


def _names(bins: Bins) -> list[str]:
    """What people call the bins, in their order."""
    if bins.by == "categories":
        return [*map(str, bins.categories), "other", "unknown", "null"]
    first, last = f"< {bins.edges[0]:g}", f"> {bins.edges[-1]:g}"
    intervals = [f"{start:g} to {end:g}" for start, end in pairwise(bins.edges)]
    return [first, *intervals, last, "null"]


def _drifted(columns: Mapping[str, Comparison]) -> list[str]:
    return [name for name, how in columns.items() if how.reasons]


class DriftCollector(Collector):
    """Metrics of drift, computed when they are asked for; without a model's profile, none."""

    def __init__(self, monitor: Monitor | None) -> None:
        self._monitor = monitor

    def collect(self) -> Iterable[Metric]:
        """One sample per window with enough rows, and per input or output."""
        gauge = partial(GaugeMetricFamily, labels=["input", "window"])
        drift = gauge("slipway_input_drift", "PSI of an input against the sample")
        null = gauge("slipway_input_null_ratio", "Share of rows in which an input is null")
        new = gauge(
            "slipway_input_unexpected_ratio", "Share of unknown categories, or out of range"
        )
        columns = GaugeMetricFamily(
            "slipway_output_drift",
            "PSI of an output against the sample",
            labels=["output", "window"],
        )
        confidence = GaugeMetricFamily(
            "slipway_output_confidence",
            "Mean of the highest probability",
            labels=["output", "window"],
        )
        drifted = GaugeMetricFamily(
            "slipway_drifted", "Inputs and outputs that have drifted", labels=["window"]
        )
        windows = compared(self._monitor) if self._monitor else {}
        for window, found in windows.items():
            if found["rows"] < MIN_ROWS:
                continue
            all_drifted = [*_drifted(found["inputs"]), *_drifted(found["outputs"])]
            drifted.add_metric([window], len(all_drifted))
            for name, how in found["inputs"].items():
                drift.add_metric([name, window], how.psi)
                null.add_metric([name, window], how.shares["null"].now)
                others = sum(one.now for share, one in how.shares.items() if share != "null")
                new.add_metric([name, window], others)
            for name, how in found["outputs"].items():
                columns.add_metric([name, window], how.psi)
            for name, how in found["confidence"].items():
                confidence.add_metric([name, window], how["now"])
        return drift, null, new, columns, confidence, drifted
