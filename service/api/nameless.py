"""Rows without names, in the signature's order: arrays, and tables without a header line."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from service.api import forms
from service.api.forms import Columns
from service.api.problems import Problem, pointer
from service.model import numbers
from service.model.names import matched
from service.model.signature import Signature


def from_array(values: Any, signature: Signature, max_rows: int, *place: str) -> Columns:
    """Columns of nested lists, or of named rows; Problem 422 if they do not fit.

    One dimension is one row; or a column, if the model takes but one. `place` are the keys that
    lead to it in the body.
    """
    names = signature.names
    if not isinstance(values, list) or not values or isinstance(values[0], list | dict):
        return forms.from_rows(values, signature, max_rows, *place)
    if len(names) == 1:
        forms.check_rows(len(values), max_rows, pointer(*place))
        return Columns({names[0]: values}, lambda _, row: pointer(*place, row))
    check_width(len(values), signature, pointer(*place))
    return Columns(
        {name: [value] for name, value in zip(names, values, strict=True)},
        lambda name, _: pointer(*place, names.index(name)),
    )


def check_width(width: int, signature: Signature, place: str) -> None:
    """Problem 422 for a row of another width than the model's."""
    names = signature.names
    if width != len(names):
        fault = f"has {width} values in a row, the model takes {len(names)}: {', '.join(names)}"
        raise Problem(
            422, "the input does not fit the model", [{"pointer": place, "detail": fault}]
        )


def to_array(answer: Mapping[str, Any], signature: Signature) -> list[Any]:
    """The predictions of an answer: one for each row; of several outputs a list for each row."""
    found = [answer[output.name] for output in signature.outputs]
    return found[0] if len(found) == 1 else list(map(list, zip(*found, strict=True)))


def with_header(text: str, names: Sequence[str]) -> str:
    """A table with a first line of names, which it gets if it has none."""
    if has_header(text, names):
        return text
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(names)
    return line.getvalue() + text.removeprefix("\ufeff")


def has_header(text: str, names: Sequence[str]) -> bool:
    """Whether a table's first line is these names, in any order.

    Where all of them are numbers it cannot be told from a row, and is none.
    """
    if all(numbers.parse(name) is not None for name in names):
        return False
    lines = csv.reader(io.StringIO(text.lstrip("\ufeff\r\n"), newline=""), strict=True)
    try:
        first = next(lines, [])
    except csv.Error:
        return False
    return len(first) == len(names) and sorted(matched(first, names)) == sorted(names)
