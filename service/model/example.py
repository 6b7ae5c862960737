"""Example rows of a model: those that its manifest has, or some made from its signature.

The golden rows of an artifact may be personal data, so no response shows them.
"""

import math
from typing import Any

from service.model import dates
from service.model.manifest import Manifest
from service.model.signature import WHOLE_NUMBERS, Input, Signature, has_zone

FRACTIONS = (0.5, 0.25, 0.75)  # of the range of the sample
WORDS = ("some text", "another text", "a third text")


def of_model(manifest: Manifest) -> dict[str, list[Any]]:
    """Example values by input name."""
    return {**manifest.example} or columns(manifest.signature)


def columns(signature: Signature) -> dict[str, list[Any]]:
    """Example values by input name, made from the signature alone: three rows."""
    return {one.name: columns_of(one) for one in signature.inputs}


def columns_of(one: Input) -> list[Any]:
    """Three example values of an input."""
    return [_value(one, row) for row in range(len(FRACTIONS))]


def _value(one: Input, row: int) -> Any:
    if one.categories:
        return one.categories[row % len(one.categories)]
    if one.kind == "boolean":
        return row % 2 == 0
    if one.form == WHOLE_NUMBERS:
        return str(10 * (row + 1))
    if one.kind in ("date", "datetime"):
        return _moment(one, row)
    if one.kind in ("category", "text"):
        return WORDS[row]
    known = [number for number in (one.minimum, one.maximum) if number is not None] or [0.0]
    low, high = min(known), max(known)
    number = low + FRACTIONS[row] * (high - low)
    if one.kind == "integer":
        return round(number)
    return min(max(rounded(number, high - low), low), high)


def _moment(one: Input, row: int) -> str:
    """A day in the year of the sample's latest one, in the model's format."""
    year = (one.latest or "2026")[:4]
    day = f"{year}-0{row + 1}-15"
    if one.kind == "date":
        return day
    text = f"{day}T{9 + row:02}:30:00{'Z' if has_zone(one) else ''}"
    return dates.in_form(text, one.form) if one.form else text


def rounded(number: float, width: float) -> float:
    """The number rounded to a hundredth of the width."""
    if not width:
        return number
    return round(number, 2 - math.floor(math.log10(width)))
