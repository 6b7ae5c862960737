"""Decide which engine serves a model: convert it to ONNX, prove that it answers equally, time both.

Equal are labels, on the whole sample and on thousands of rows around it; probabilities, scores and
regressions may differ by a tolerance that the manifest records. Faster is what the geometric mean
of the ratios says, in which requests of few rows weigh most.
"""

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any

import numpy as np

from service.model import engines, onnx_check
from service.model.artifact import FILES, ONNX, SCIKIT_LEARN
from service.model.engines import Column, Engine, OnnxRuntime, ScikitLearn
from service.model.onnx_check import OnnxError
from service.model.signature import Signature
from training.companions import readers
from training.engine import probe_rows
from training.engine.thresholds import thresholds
from training.errors import ConversionError, PackError

TOLERANCES = {"float64": 1e-9, "float32": 1e-5}  # relative, and absolute below 1
WEIGHTS = {1: 0.4, 100: 0.4, 10_000: 0.2}  # of the ratio of times, by rows
FASTER = 1.2  # times; less is not worth a second model
ALONE = 50  # rows that are also tried alone: libraries compute one row in other ways than many
CELLS = 4_000_000  # of rows and columns at once; engines copy them several times
Ask = Callable[[list[Column]], list[Column]]


class UnequalError(Exception):
    """The two engines answer differently; the text says how."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The engine that serves, by name and loaded, its own model files if it has any, and why.

    `report` is what the manifest keeps: the reason, the proof and both engines' times.
    """

    name: str
    engine: Engine
    files: Mapping[str, bytes]
    report: Mapping[str, Any]

    @property
    def tolerance(self) -> float:
        """By how much numbers may differ from the estimator's."""
        return float(self.report["tolerance"]) if self.name == ONNX else TOLERANCES["float64"]


def prepare() -> None:
    """Import what converts, if it is installed: to import it has effects, and so it must happen
    before a model is tried."""
    engines.prepare(ONNX)
    readers.prepare()
    with suppress(ImportError):
        import training.conversion.convert  # noqa: F401


def compiled(
    estimator: Any, signature: Signature, columns: Mapping[str, Column], wanted: str = "auto"
) -> Compiled:
    """Choose the engine; `wanted` is auto, onnx or sklearn. PackError if it cannot be had."""
    ours = ScikitLearn(estimator, signature)
    if wanted == "sklearn":
        return _ours(ours, "as asked")
    try:
        content, precision = _converted(estimator, signature)
        theirs = _loaded(content, signature)
        proof = prove(ours, theirs, columns, TOLERANCES[precision])
    except UnequalError as error:
        if wanted == "onnx":
            raise PackError(f"cannot be served with ONNX: {error}") from error
        return _ours(ours, str(error))
    given = list(columns.values())
    seconds = {
        name: {str(rows): timed(engine, given, min(rows, _at_once(given))) for rows in WEIGHTS}
        for name, engine in ((SCIKIT_LEARN, ours), (ONNX, theirs))
    }
    times = advantage(seconds)
    report = {"precision": precision, **proof, "seconds": seconds}
    if wanted == "auto" and times < FASTER:
        return _ours(ours, f"ONNX is equal, but {times:.2g} times as fast", **report)
    why = f"equal to scikit-learn, {times:.2g} times as fast"
    return Compiled(ONNX, theirs, {FILES[ONNX]: content}, {"why": why, **report})


def _ours(ours: ScikitLearn, why: str, **report: Any) -> Compiled:
    return Compiled(SCIKIT_LEARN, ours, {}, {"why": why, **report})


def _converted(estimator: Any, signature: Signature) -> tuple[bytes, str]:
    try:
        from training.conversion.convert import convert  # imports onnx and skl2onnx
    except ImportError as error:
        raise UnequalError(
            f"{error.name} is not installed; see requirements/training.txt"
        ) from error
    try:
        return convert(estimator, signature)
    except ConversionError as error:
        raise UnequalError(f"not converted to ONNX ({error})") from error


def _loaded(content: bytes, signature: Signature) -> Engine:
    try:
        onnx_check.check(content)
        return OnnxRuntime(content, signature)
    except OnnxError as error:
        raise UnequalError(f"its ONNX model {error}") from error
    except Exception as error:  # its errors have no common class but this
        text = " ".join(str(error).split())[:160]
        raise UnequalError(f"ONNX Runtime cannot load it ({text})") from error


def prove(
    ours: ScikitLearn, theirs: Engine, columns: Mapping[str, Column], tolerance: float
) -> dict[str, Any]:
    """What was compared, and the largest difference; UnequalError at the first that matters."""
    signature = ours.signature
    splits = thresholds(ours.estimator, signature.names)
    drawn = probe_rows.around(signature, columns, splits)
    asked = ["predict", "confidence"] if signature.confidence else ["predict"]
    largest = 0.0
    for ask, rows in product(asked, (columns, drawn)):
        asks = getattr(ours, ask), getattr(theirs, ask)
        largest = max(largest, _largest(*asks, list(rows.values()), tolerance))
    compared = sum(len(next(iter(one.values()))) for one in (columns, drawn))
    return {"rows": compared, "tolerance": tolerance, "largest_difference": largest}


def _largest(ours: Ask, theirs: Ask, given: list[Column], tolerance: float) -> float:
    """The largest difference between both answers for these rows, and for a few of them alone."""
    largest, rows = 0.0, len(given[0])
    size = _at_once(given)
    for start in range(0, rows, size):
        whole = slice(start, min(start + size, rows))
        expected = _answers(ours, [one[whole] for one in given], "scikit-learn")
        alone = range(start, min(rows, ALONE))  # which are in the first batch
        for part in (whole, *(slice(row, row + 1) for row in alone)):
            found = _answers(theirs, [one[part] for one in given], "ONNX Runtime")
            for right, told in zip(expected, found, strict=True):
                right = right[part.start - start : part.stop - start]
                largest = max(largest, _difference(right, told, tolerance))
    return largest


def _at_once(given: Sequence[Column]) -> int:
    """How many rows of such columns engines get in one call."""
    return max(100, CELLS // len(given))


def _answers(ask: Ask, given: list[Column], name: str) -> list[Column]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ask(given)
        except Exception as error:
            raise UnequalError(f"{name} has no answer for rows around the sample") from error


def _difference(expected: Column, found: Column, tolerance: float) -> float:
    """The largest difference of two arrays; UnequalError if it is too large for what they are."""
    if expected.shape != found.shape:
        raise UnequalError(f"shapes differ: {expected.shape} and {found.shape}")
    if expected.dtype.kind != "f":
        wrong = int((expected != found).sum())
        if wrong:
            raise UnequalError(f"{wrong} of {len(found)} labels differ")
        return 0.0
    if not (np.isfinite(expected).all() and np.isfinite(found).all()):
        raise UnequalError("no finite answer for rows around the sample")
    differences = np.abs(expected - found) / np.maximum(1.0, np.abs(expected))
    largest = float(differences.max(initial=0.0))
    if not largest <= tolerance:
        raise UnequalError(f"answers differ by {largest:.1g}, more than {tolerance:g}")
    return largest


def timed(engine: Engine, columns: Sequence[Column], rows: int) -> float:
    """Median seconds of one `predict` call with so many rows."""
    batch = [np.resize(column, rows) for column in columns]
    engine.predict(batch)  # the first call also pays for imports
    durations = []
    for _ in range(9 if rows < 10_000 else 3):
        start = time.perf_counter()
        engine.predict(batch)
        durations.append(time.perf_counter() - start)
    return round(median(durations), 6)


def advantage(seconds: Mapping[str, Mapping[str, float]]) -> float:
    """How many times as fast as scikit-learn ONNX Runtime is: a weighted geometric mean."""
    shortest = 1e-6  # what times are rounded to
    return math.exp(
        sum(
            weight
            * math.log(
                max(seconds[SCIKIT_LEARN][str(rows)], shortest)
                / max(seconds[ONNX][str(rows)], shortest)
            )
            for rows, weight in WEIGHTS.items()
        )
    )
