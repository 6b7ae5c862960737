"""Converts the cells of a CSV table to values of the inputs' kinds."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import orjson

from service.api.parse import has_long_number
from service.model import number_parsing
from service.model.number_parsing import MISSING
from service.model.signature import Input, empty_cell, takes_strings


class Cell(str):
    """A cell that is no value of its column. In CSV all cells are text, so an error message does
    not say that it is a string."""


def values_of(cells: Sequence[str], column: Input | None) -> list[Any]:
    """The values of a column of cells. An invalid one stays a `Cell`, which the schema refuses.

    If the column accepts null, so is a cell of `MISSING`, unless it is a category of the model.
    orjson reads numbers in JSON's notation all at once, many times as fast.
    """
    reader = _reader(column)
    if reader is _number:
        text = ",".join(cells)
        with suppress(orjson.JSONDecodeError):
            values: list[Any] = [] if has_long_number(text) else orjson.loads(f"[{text}]")
            if len(values) == len(cells) and set(map(type, values)) <= {int, float}:
                return values
    values = list(map(reader, cells))
    if column is not None and not column.nullable and None in values:
        values = [Cell() if value is None else value for value in values]
    if column is not None and column.nullable and not MISSING.isdisjoint(cells):
        missing = MISSING - set(map(str, column.categories or ()))
        values = [
            None if cell in missing else value for cell, value in zip(cells, values, strict=True)
        ]
    return values


def _reader(column: Input | None) -> Callable[[str], Any]:
    if column is None:
        return str
    if takes_strings(column):
        empty = empty_cell(column)
        return str if empty == "" else lambda cell: cell or None
    if column.kind == "boolean" or isinstance((column.categories or [None])[0], bool):
        return _boolean
    return _number


def _boolean(cell: str) -> bool | str | None:
    return {"": None, "true": True, "false": False}.get(cell.strip().lower(), Cell(cell))


def _number(cell: str) -> float | str | None:
    number = number_parsing.parse(cell)
    if number is None:
        return Cell(cell) if cell.strip() else None
    return number
