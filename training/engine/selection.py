"""Selects the engine of a model: converts it to ONNX, compares the predictions, measures both.

Labels must be equal on the sample and on thousands of rows around it; probabilities, scores and
regressions may differ by a tolerance that the manifest records. ONNX Runtime must also be faster,
by the weighted geometric mean of the ratios of times; requests of few rows have most weight.
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
from service.model.errors import one_line
from service.model.installation import install_extra
from service.model.onnx_check import OnnxError
from service.model.signature import Signature, limited_range
from training.companions import readers
from training.engine import probe_rows, proven_ranges
from training.engine.proven_ranges import SampleError, UnequalError
from training.errors import ConversionError, PackError
from training.estimators.fitted_model import FittedModel

TOLERANCES = {"float64": 1e-9, "float32": 1e-5}  # relative, and absolute below 1
WEIGHTS = {1: 0.4, 100: 0.4, 10_000: 0.2}  # of the ratios of times, by number of rows
MIN_SPEEDUP = 1.2  # less is not worth a second model
LONG_SECONDS = 1.0  # calls that took so long together are timed three times, others nine times
SINGLE_ROWS = 50  # also predicted alone: libraries may compute one row in another way than many
BATCH_CELLS = 4_000_000  # in one call; engines copy them several times
# Made now: while a model is tried, looking at the installation is refused.
INSTALL = install_extra("pack", "onnx", "skl2onnx")
Method = Callable[[list[Column]], list[Column]]


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
            str(rows): median_seconds(engine, given, min(rows, _batch_rows(given)))
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
            largest = max(largest, _largest(*methods, list(rows.values()), tolerance))
        except UnequalError as error:
            if rows is columns:
                raise SampleError(str(error)) from error
            raise
    compared = sum(len(next(iter(one.values()))) for one in (columns, probes))
    return {"rows": compared, "tolerance": tolerance, "largest_difference": largest}


def _largest(original: Method, converted: Method, given: list[Column], tolerance: float) -> float:
    """The largest difference for these rows, and for a few of them predicted one at a time."""
    largest, rows = 0.0, len(given[0])
    size = _batch_rows(given)
    for start in range(0, rows, size):
        whole = slice(start, min(start + size, rows))
        expected = _answers(original, [one[whole] for one in given], "scikit-learn")
        alone = range(start, min(rows, SINGLE_ROWS))  # empty after the first batch
        for part in (whole, *(slice(row, row + 1) for row in alone)):
            found = _answers(converted, [one[part] for one in given], "ONNX Runtime")
            for right, actual in zip(expected, found, strict=True):
                right = right[part.start - start : part.stop - start]
                largest = max(largest, _difference(right, actual, tolerance))
    return largest


def _batch_rows(given: Sequence[Column]) -> int:
    """The number of rows to predict in one call."""
    return max(100, BATCH_CELLS // len(given))


def _answers(method: Method, given: list[Column], name: str) -> list[Column]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return method(given)
        except Exception as error:
            raise UnequalError(f"{name} cannot predict rows around the sample") from error


def _difference(expected: Column, found: Column, tolerance: float) -> float:
    """The largest difference of two arrays; UnequalError if it exceeds the tolerance."""
    if expected.shape != found.shape:
        raise UnequalError(f"shapes differ: {expected.shape} and {found.shape}")
    if expected.dtype.kind != "f":
        wrong = int((expected != found).sum())
        if wrong:
            raise UnequalError(f"{wrong} of {len(found)} labels differ")
        return 0.0
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)):
        raise UnequalError("predictions for rows around the sample are not finite")
    expected, found = expected[finite], found[finite]  # the service refuses the other rows
    differences = np.abs(expected - found) / np.maximum(1.0, np.abs(expected))
    largest = float(differences.max(initial=0.0))
    if not largest <= tolerance:
        raise UnequalError(f"predictions differ by {largest:.1g}, more than {tolerance:g}")
    return largest


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
