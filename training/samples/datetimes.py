"""Describes columns of dates and times, and makes a value that is not in the sample."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from service.model import dates
from service.model.signature import Input
from training.samples.sample import Column


def described(one: Input, column: Column) -> Input:
    """The input as dates or times, with the range of the sample."""
    there = [value for value in column.values if value is not None]
    order: Callable[[Any], Any] = lambda value: (dates.read(value).utc(), value)  # noqa: E731
    return replace(
        one,
        kind=column.kind,  # type: ignore[arg-type]
        categories=None,
        form=column.form,
        earliest=min(there, key=order, default=None),
        latest=max(there, key=order, default=None),
    )


def unseen(column: Column) -> str:
    """A date or time in the year after the last one of the sample, in the form of the column."""
    there = [dates.read(value).utc() for value in column.values if value is not None]
    day = f"{max(there).year + 1 if there else 2026}-01-15"
    if column.kind == "date":
        return day
    has_zone = dates.zone_of(column.dtype) or dates.has_zone(column.form or "")
    text = f"{day}T12:34:00{'Z' if has_zone else ''}"
    return dates.in_form(text, column.form) if column.form else text


def texts(values: Any, has_zone: bool) -> list[str | None]:
    """Values of datetime64, in UTC, as text; None for NaT."""
    return [None if np.isnat(one) else dates.text_of(one, has_zone) for one in values]
