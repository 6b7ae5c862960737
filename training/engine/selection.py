"""Selects the engine of a model: converts it to ONNX, compares the predictions, measures both.

Labels must be equal on the sample and on thousands of rows around it; probabilities, scores and
regressions may differ by a tolerance that the manifest records. ONNX Runtime must also be faster,
by the weighted geometric mean of the ratios of times; requests of few rows have most weight.
"""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any

import numpy as np

from service.model import engines, onnx_check, probe_rows
from service.model.artifact import FILES, ONNX, SCIKIT_LEARN
from service.model.engines import Column, Engine, OnnxRuntime, ScikitLearn
from service.model.equality import TOLERANCES, UnequalError, batch_rows, largest_difference
from service.model.errors import one_line
from service.model.installation import install_extra
from service.model.onnx_check import OnnxError
from service.model.signature import Signature, limited_range
from training.companions import readers
from training.engine import proven_ranges
from training.engine.proven_ranges import SampleError
from training.errors import ConversionError, PackError
from training.estimators.fitted_model import FittedModel

WEIGHTS = {1: 0.4, 100: 0.4, 10_000: 0.2}  # of the ratios of times, by number of rows
MIN_SPEEDUP = 1.2  # less is not worth a second model
LONG_SECONDS = 1.0  # calls that took so long together are timed three times, others nine times
# Made now: while a model is tried, looking at the installation is refused.
INSTALL = install_extra("pack", "onnx", "skl2onnx")


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected engine: its name, the loaded engine, and its model files besides the pickle.

    `report` is the part for the manifest: the reason, the comparison and the times of both engines.
    `signature` is the given one, with narrower ranges if ONNX Runtime is equal only in these.
    """

    name: str
    engine: Engine
    signature: Signature
    files: Mapping[str, bytes]
    report: Mapping[str, Any]

    @property
    def tolerance(self) -> float:
        """The allowed difference between its numbers and the estimator's."""
        return float(self.report["tolerance"]) if self.name == ONNX else TOLERANCES["float64"]


def prepare() -> None:
    """Import the converters, if installed. An import has side effects, which are refused while a
    model is tried."""
    readers.prepare()
    with suppress(ImportError):
        engines.prepare(ONNX)
        import training.conversion.convert  # noqa: F401


def select_engine(
    model: FittedModel, signature: Signature, columns: Mapping[str, Column], wanted: str = "auto"
) -> Selection:
    """Select the engine; `wanted` is auto, onnx or sklearn. PackError if it cannot serve the
    model."""
    original = model.engine(signature)
    if wanted == "sklearn":
        return _keep_original(original, signature, "as requested")
    try:
        content, precision = _converted(model, signature)
        converted = _loaded(content, signature)
        taken, proof = proven_ranges.prove(
            signature,
            lambda one: verify_equivalence(model, one, converted, columns, TOLERANCES[precision]),
        )
    except UnequalError as error:
        if wanted == "onnx":
            raise PackError(f"cannot be served with ONNX: {error}") from error
        return _keep_original(original, signature, str(error))
    given = list(columns.values())
    seconds = {
        name: {
            str(rows): median_seconds(engine, given, min(rows, batch_rows(given)))
            for rows in WEIGHTS
        }
        for name, engine in ((SCIKIT_LEARN, original), (ONNX, converted))
    }
    times = speedup(seconds)
    report = {"precision": precision, **proof, "seconds": seconds}
    if wanted == "auto" and times < MIN_SPEEDUP:
        why = f"ONNX is equal, but {two_digits(times)} times as fast"
        return _keep_original(original, signature, why, **report)
    why = f"equal to scikit-learn, {two_digits(times)} times as fast"
    if "beyond" in proof and any(limited_range(one) for one in taken.inputs):
        why += f", for numbers in the proven ranges; beyond these, {proof['beyond']}"
    return Selection(ONNX, converted, taken, {FILES[ONNX]: content}, {"why": why, **report})


def _keep_original(
    original: ScikitLearn, signature: Signature, why: str, **report: Any
) -> Selection:
    return Selection(SCIKIT_LEARN, original, signature, {}, {"why": why, **report})


def _converted(model: FittedModel, signature: Signature) -> tuple[bytes, str]:
    try:
        from training.conversion.convert import convert  # imports onnx and skl2onnx
    except ImportError as error:
        raise UnequalError(f"{error.name} is not installed: {INSTALL}") from error
    try:
        return convert(model, signature)
    except ConversionError as error:
        raise UnequalError(f"not converted to ONNX ({error})") from error


def _loaded(content: bytes, signature: Signature) -> Engine:
    try:
        onnx_check.check(content)
        return OnnxRuntime(content, signature)
    except OnnxError as error:
        raise UnequalError(f"its ONNX model {error}") from error
    except Exception as error:  # ONNX Runtime's errors have no other common class
        reason = one_line(str(error), 160)
        raise UnequalError(f"ONNX Runtime cannot load it ({reason})") from error


def verify_equivalence(
    model: FittedModel,
    signature: Signature,
    converted: Engine,
    columns: Mapping[str, Column],
    tolerance: float,
) -> dict[str, Any]:
    """Compare both engines. Return the number of rows, the tolerance and the largest difference.

    UnequalError at the first difference that is too large; SampleError if a row of the sample has
    it.
    """
    original = model.engine(signature)
    probes = probe_rows.generate(signature, columns, model.thresholds(signature.names))
    names = ["predict", "confidence"] if signature.confidence else ["predict"]
    largest = 0.0
    for name, rows in product(names, (columns, probes)):
        methods = getattr(original, name), getattr(converted, name)
        try:
            largest = max(largest, largest_difference(*methods, list(rows.values()), tolerance))
        except UnequalError as error:
            if rows is columns:
                raise SampleError(str(error)) from error
            raise
    compared = sum(len(next(iter(one.values()))) for one in (columns, probes))
    return {"rows": compared, "tolerance": tolerance, "largest_difference": largest}


def median_seconds(engine: Engine, columns: Sequence[Column], rows: int) -> float:
    """The median time of one `predict` call with so many rows, in seconds.

    PackError if the model raises for so many: some estimators do for one row alone.
    """
    batch = [np.resize(column, rows) for column in columns]
    try:
        engine.predict(batch)  # the first call also imports
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise PackError(
            f"the model predicts the sample, and raises for {rows} of its rows "
            f"({one_line(error, 160)}): "
            "a request may have any number of rows"
        ) from error
    durations: list[float] = []
    while len(durations) < (9 if rows < 10_000 else 3):
        start = time.perf_counter()
        engine.predict(batch)
        durations.append(time.perf_counter() - start)
        if len(durations) == 3 and sum(durations) > LONG_SECONDS:
            break
    return round(median(durations), 6)


def speedup(seconds: Mapping[str, Mapping[str, float]]) -> float:
    """The speedup of ONNX Runtime over scikit-learn: a weighted geometric mean."""
    shortest = 1e-6  # `median_seconds` rounds to microseconds
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


def two_digits(number: float) -> str:
    """A number with two significant digits and without an exponent."""
    return f"{float(f'{number:.2g}'):.12g}"
