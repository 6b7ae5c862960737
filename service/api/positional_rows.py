"""Rows without names, in the order of the signature: arrays, and tables without a header line."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from service.api import payloads
from service.api.parse import PayloadLimits
from service.api.payloads import Columns
from service.api.problems import Problem, pointer
from service.model import number_parsing
from service.model.column_names import matched
from service.model.signature import Signature


def from_array(values: Any, signature: Signature, limits: PayloadLimits, *place: str) -> Columns:
    """The columns of nested lists, or of named rows; Problem 422 if they do not fit the model.

    A flat list is one row, or one column if the model has one input. `place` are the keys that lead
    to the list in the body.
    """
    names = signature.names
    if not isinstance(values, list) or not values or isinstance(values[0], list | dict):
        return payloads.from_rows(values, signature, limits, *place)
    if len(names) == 1:
        payloads.check_rows(len(values), limits.rows, *place)
        return Columns({names[0]: values}, lambda _, row: pointer(*place, row))
    check_width(len(values), signature, pointer(*place))
    return Columns(
        {name: [value] for name, value in zip(names, values, strict=True)},
        lambda name, _: pointer(*place, names.index(name)),
    )


def check_width(width: int, signature: Signature, place: str) -> None:
    """Raise Problem 422 if the model has another number of inputs."""
    names = signature.names
    if width != len(names):
        fault = f"has {width} values in a row, the model takes {len(names)}: {', '.join(names)}"
        raise Problem(
            422, "the input does not fit the model", [{"pointer": place, "detail": fault}]
        )


def to_array(answer: Mapping[str, Any], signature: Signature) -> list[Any]:
    """The predictions of an answer: a value per row; with several outputs a list per row."""
    found = [answer[output.name] for output in signature.outputs]
    return found[0] if len(found) == 1 else list(map(list, zip(*found, strict=True)))


def with_header(text: str, names: Sequence[str]) -> str:
    """The table with a header line, which is added if it has none."""
    if has_header(text, names):
        return text
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(names)
    return line.getvalue() + text.removeprefix("\ufeff")


def has_header(text: str, names: Sequence[str], index: bool = False) -> bool:
    """Whether the first line of a table has these names, in any order; with `index` perhaps behind
    a cell without a name.

    If all names are numbers, the first line is a row: the two cannot be distinguished.
    """
    if all(number_parsing.parse(name) is not None for name in names):
        return False
    lines = csv.reader(io.StringIO(text.lstrip("\ufeff\r\n"), newline=""), strict=True)
    try:
        first = next(lines, [])
    except csv.Error:
        return False
    if index and payloads.has_index(first, names):
        first = first[1:]
    return len(first) == len(names) and sorted(matched(first, names)) == sorted(names)
