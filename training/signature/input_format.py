"""Finds the container and the column types with which an estimator can predict the sample.

The types that the user's own code most likely had are tried first. If the estimator raises an
error, others follow: text for columns that look like numbers, dates for text.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import product

from service.model import dates
from service.model.errors import one_line
from service.model.signature import Container, Input, Signature
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.samples.sample import Column
from training.signature.kinds import SINGLE
from training.signature.probe import Probe

TEXTS = ("str", "object", "category")
MOMENTS = ("datetime64[us]", "datetime64[ns]")
MAX_TRIED_COLUMNS = 20  # as text, one by one
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
LARGEST_INT64 = 2**63 - 1


def find_format(
    model: FittedModel, columns: Sequence[Column], fixed: Collection[str]
) -> tuple[Probe, list[Column]]:
    """The first format in which the estimator predicts the sample; PackError if there is none.

    `fixed` are columns whose kind is known for certain. The columns are returned as they are in
    this format.
    """
    reason = ""
    for container, typed in _formats(model, columns, fixed):
        given = tuple(_input(column) for column in typed)
        signature = Signature(container=container, inputs=given, outputs=())
        rows = {column.name: column.values for column in typed}
        probe = Probe(model, signature, rows)
        if probe.works({}) and probe.works(rows):
            return probe, typed
        reason = reason or _reason(probe)
    commas = [column.name for column in columns if _has_decimal_commas(column)]
    hint = f"; {commas[0]} has decimal commas: use --decimal ," if commas else ""
    raise PackError(f"the {model.name} cannot predict the rows of the sample: {reason}{hint}")


def _has_decimal_commas(column: Column) -> bool:
    return column.kind == "text" and any(map(DECIMAL_COMMA.fullmatch, column.cells))


def _input(column: Column) -> Input:
    categories = column.dtype == "category" and column.series is not None
    return Input(
        name=column.name,
        kind="text",
        dtype=column.dtype,
        null=column.null if column.dtype == "object" else "nan",
        categories=tuple(column.series.cat.categories.tolist()) if categories else None,
    )


def _reason(probe: Probe) -> str:
    """The reason why the estimator cannot predict the rows."""
    for method in probe.methods:
        try:
            probe.call(method)
        except Exception as error:
            return f"{method} raises {one_line(error)}"
    return "it returns numbers that are not finite"


def _formats(
    model: FittedModel, columns: Sequence[Column], fixed: Collection[str]
) -> Iterator[tuple[Container, list[Column]]]:
    if model.feature_names is not None:
        for way in _frames(columns, fixed):
            yield "frame", way
        return
    yield "array", _array(columns)
    if len(columns) == 1 and columns[0].series is None:
        yield "list", [replace(columns[0].as_kind("text"), dtype="object")]
    for way in _as_text(columns, fixed):
        yield "array", _array(way)
    if model.feature_count is None:  # its class does not record the container
        for way in _frames(columns, fixed):
            yield "frame", way


def _frames(columns: Sequence[Column], fixed: Collection[str]) -> Iterator[list[Column]]:
    seen = set()
    moments = ("", *MOMENTS) if any(_form(column, fixed) for column in columns) else ("",)
    for whole, moment, text in product((False, True), moments, TEXTS):
        way = [_in_frame(column, text, moment, fixed) for column in columns]
        way = [_as_object(column) for column in way] if whole else way
        key = tuple(column.dtype for column in way)
        if key not in seen:
            seen.add(key)
            yield way
    for other in _as_text(columns, fixed):
        yield [_in_frame(column, TEXTS[0], "", fixed) for column in other]


def _as_text(columns: Sequence[Column], fixed: Collection[str]) -> Iterator[list[Column]]:
    """The columns with numbers and booleans as text: first all of these, then one at a time."""
    others = [
        column.name
        for column in columns
        if column.series is None
        and column.kind in ("integer", "number", "boolean")
        and column.name not in fixed
    ]
    groups = [[name] for name in others] if 1 < len(others) <= MAX_TRIED_COLUMNS else []
    for group in (others, *groups) if others else ():
        yield [column.as_kind("text") if column.name in group else column for column in columns]


def _form(column: Column, fixed: Collection[str]) -> str | None:
    """The form of a column of dates as text; None if it is known to be text or categories."""
    if column.series is not None:
        return None
    is_free = column.kind == "text" and column.name not in fixed
    if not is_free and column.kind not in ("date", "datetime"):
        return None
    return dates.form_of([value for value in column.values if value is not None])


def _in_frame(column: Column, text: str, moment: str, fixed: Collection[str]) -> Column:
    """The column with its type in a frame."""
    if column.series is not None:
        return column
    form = _form(column, fixed)
    if form or column.kind in ("date", "datetime"):
        return _moments(column, text, moment, form)
    if column.kind == "text":
        return replace(column, dtype="object" if column.null == "none" and text == "str" else text)
    if column.kind == "number":
        return replace(column, dtype=column.learned if column.learned in SINGLE else "float64")
    if column.learned == "object" and column.kind in ("integer", "boolean"):
        return replace(column, dtype="object")
    if column.kind == "boolean":
        return replace(column, dtype="object" if column.missing else "bool")
    if column.missing and (column.is_long or (column.name in fixed and not column.learned)):
        return replace(column, dtype="Int64")
    if column.missing:
        return replace(column, dtype="float64")
    unsigned = column.learned == "uint64" and (column.minimum or 0.0) >= 0
    is_unsigned = unsigned or _largest(column) > LARGEST_INT64
    return replace(column, dtype="uint64" if is_unsigned else "int64")


def _as_object(column: Column) -> Column:
    """Whole numbers and booleans as Python has them, and numbers that an encoder learned so."""
    kinds = ("integer", "boolean", "number" if column.learned == "object" else "")
    is_plain = column.series is None and column.kind in kinds
    return replace(column, dtype="object") if is_plain else column


def _moments(column: Column, text: str, moment: str, form: str | None) -> Column:
    kind = column.kind
    if kind == "text":
        kind = "date" if form == dates.DATE else "datetime"
    else:  # known to be dates or times: text is tried last
        first, *others = _units(column)
        moment = dict(zip(("", *MOMENTS), (first, *others, ""), strict=True))[moment]
    if form is None:
        raise PackError(
            f"the sample's column {column.name} has no one form of ISO 8601, such as "
            "2026-03-01 18:30:00, so it cannot be dates or times"
        )
    if moment:
        zoned = form is not None and dates.has_zone(form)
        dtype = moment.replace("]", ", UTC]") if zoned else moment
        return replace(column, kind=kind, dtype=dtype, form=None)
    return replace(column, kind=kind, dtype=text, form=form)


def _units(column: Column) -> list[str]:
    """The types of times to try, first the encoder's own."""
    return sorted(MOMENTS, key=lambda dtype: dtype != column.learned)


def _array(columns: Sequence[Column]) -> list[Column]:
    """The columns with their type in an array, which has one type for all."""
    if any(column.kind in ("text", "date", "datetime") for column in columns):
        return [_object(column) for column in columns]
    if any(column.is_long for column in columns):
        whole = all(column.kind == "integer" and not column.missing for column in columns)
        wide = any(_largest(column) > LARGEST_INT64 for column in columns)
        if whole and not wide:
            return [replace(column, dtype="int64") for column in columns]
        return [_object(column) for column in columns]
    return [replace(column, dtype=_single(column) or "float64") for column in columns]


def _single(column: Column) -> str:
    """float32 or float16, if the sample or the model has numbers of this type; else empty."""
    return next((one for one in (column.dtype, column.learned) if one in SINGLE), "")


def _object(column: Column) -> Column:
    if column.kind == "integer" and column.missing and not column.is_long:
        column = column.as_kind("number")  # as pandas reads it
    kind = "text" if column.kind in ("date", "datetime") and column.series is None else column.kind
    single = _single(column) if kind == "number" else ""
    return replace(column, dtype=single or "object", kind=kind)


def _largest(column: Column) -> int:
    """The largest whole number. Of rows that are not kept, only the maximum as a float is known."""
    kept = max((value for value in column.values if isinstance(value, int)), default=0)
    most = column.maximum or 0.0
    return max(kept, int(most)) if most > LARGEST_INT64 + 1 else kept
