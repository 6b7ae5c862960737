"""Dates and times as text: reads those of requests, and converts them for the model.

Accepted are ISO 8601 and RFC 3339: `2026-03-01`, `2026-03-01T18:30`, `2026-03-01 18:30:15.25`, the
last two with a zone (`Z` or `+02:00`) if the model's times have one. Nothing is rounded: a value
with more digits than the model's type has is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

TEXT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
TYPE = re.compile(r"datetime64\[(s|ms|us|ns)(?:, (.+))?\]")
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # of a second's fraction
YEARS = {"ns": (1678, 2261)}  # the range of datetime64 by unit, if smaller than Python's
ALL_YEARS = (1, 9999)  # the range of Python's datetime
DATE = "YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, or a date with a time; `zone` is empty if the text has none."""

    day: str
    separator: str  # empty for a date without a time
    clock: str  # HH:MM
    seconds: str  # :SS, or empty
    fraction: str  # digits
    zone: str

    def utc(self) -> datetime:
        """The time in UTC without its fraction; without a zone it is unchanged."""
        whole = datetime.fromisoformat(f"{self.day}T{self.clock or '00:00'}{self.seconds or ':00'}")
        if self.zone in ("", "Z"):
            return whole
        hours, minutes = int(self.zone[1:3]), int(self.zone[-2:])
        offset = timedelta(hours=hours, minutes=minutes)
        return whole - offset if self.zone[0] == "+" else whole + offset


def read(text: str) -> Moment:
    """The parts of a text; ValueError if it is not a date."""
    found = TEXT.fullmatch(text)
    if found is None:
        raise ValueError("is no date or time of ISO 8601, such as 2026-03-01T18:30:00")
    day, separator, clock, seconds, fraction, zone = (part or "" for part in found.groups())
    if fraction and not seconds:
        raise ValueError("is no date or time of ISO 8601, such as 2026-03-01T18:30:00")
    moment = Moment(day, separator, clock, seconds, fraction, zone)
    try:
        date.fromisoformat(day)
        moment.utc()
    except (ValueError, OverflowError):
        raise ValueError("is not an existing date or time") from None
    return moment


def form_of(texts: Sequence[str]) -> str | None:
    """The common form of these texts, such as `YYYY-MM-DD HH:MM:SS`; None if there is none."""
    forms = set()
    for text in texts:
        try:
            moment = read(text)
        except ValueError:
            return None
        forms.add(_form(moment))
        if len(forms) > 1:
            return None
    return forms.pop() if forms else None


def _form(moment: Moment) -> str:
    if not moment.separator:
        return DATE
    zone = moment.zone
    shown = {"": "", "Z": "Z"}.get(zone, "+HH:MM" if ":" in zone else "+HHMM")
    fraction = f".{'f' * len(moment.fraction)}" if moment.fraction else ""
    seconds = ":SS" if moment.seconds else ""
    return f"{DATE}{moment.separator}HH:MM{seconds}{fraction}{shown}"


def in_form(text: str, form: str) -> str:
    """The same moment in another form; ValueError if that form cannot represent all of it."""
    moment = read(text)
    if form == DATE:
        return _day(moment)
    zoned = has_zone(form)
    check_zone(moment, zoned)
    digits = form.count("f")
    fraction = moment.fraction.rstrip("0")
    seconds = moment.seconds or ":00"
    if len(fraction) > digits or (":SS" not in form and seconds != ":00"):
        raise ValueError(f"has more digits than the form {form}")
    whole = f"{moment.day}{form[len(DATE)]}{moment.clock or '00:00'}"
    whole += seconds if ":SS" in form else ""
    whole += f".{fraction.ljust(digits, '0')}" if digits else ""
    if form.endswith("Z"):
        if moment.zone != "Z" and moment.zone[1:] not in ("00:00", "0000"):
            raise ValueError("must be in UTC, with Z at its end")
        return f"{whole}Z"
    if zoned:
        zone = "+00:00" if moment.zone == "Z" else f"{moment.zone[:3]}:{moment.zone[-2:]}"
        whole += zone if form.endswith("+HH:MM") else zone.replace(":", "")
    return whole


def has_zone(form: str) -> bool:
    """Whether times of this form have a zone."""
    return form.endswith(("Z", "+HH:MM", "+HHMM"))


def check_zone(moment: Moment, zoned: bool) -> None:
    """ValueError if a zone is missing, or is given although the model's times have none."""
    if zoned and not moment.zone:
        raise ValueError("has no zone, which must be Z or such as +02:00")
    if moment.zone and not zoned:
        raise ValueError("has a zone, and the model's times have none: send the local time alone")


def _day(moment: Moment) -> str:
    """The date; ValueError for a time other than midnight."""
    time = f"{moment.clock}{moment.seconds}{moment.fraction}"
    if moment.zone or time.strip("0:"):
        raise ValueError("has a time, and the model takes dates alone, such as 2026-03-01")
    return moment.day


def zone_of(dtype: str) -> str | None:
    """The zone of a dtype of pandas: Europe/Oslo for datetime64[us, Europe/Oslo]."""
    found = TYPE.fullmatch(dtype)
    return found[2] if found else None


def as_datetime64(text: str, dtype: str, is_day: bool = False) -> np.datetime64:
    """The value in this dtype, in UTC if the dtype has a zone; ValueError if it does not fit."""
    found = TYPE.fullmatch(dtype)
    if found is None:
        raise ValueError(f"{dtype} is not a type of dates")
    unit, zone = found.groups()
    moment = read(text)
    if is_day:
        _day(moment)
    else:
        check_zone(moment, zone is not None)
    fraction = moment.fraction.rstrip("0")
    if len(fraction) > DIGITS[unit]:
        raise ValueError(f"has more digits than {dtype} holds")
    whole = moment.utc()
    first, last = YEARS.get(unit, ALL_YEARS)
    if not first <= whole.year <= last:
        raise ValueError(f"is out of range: {dtype} goes from year {first} to {last}")
    exact = f"{whole.isoformat()}{f'.{fraction}' if fraction else ''}"
    return np.datetime64(exact, unit)  # type: ignore[arg-type]


def array(values: Sequence[Any], dtype: str) -> NDArray[Any]:
    """An array of datetime64, in UTC if the dtype has a zone; None becomes NaT."""
    found = TYPE.fullmatch(dtype)
    unit = found[1] if found else "us"
    moments = [np.datetime64("NaT") if one is None else as_datetime64(one, dtype) for one in values]
    return np.array(moments, dtype=f"datetime64[{unit}]")


def text_of(value: np.datetime64, zoned: bool) -> str:
    """A moment as ISO 8601 text, with as many digits as it needs; `value` is in UTC."""
    whole, _, fraction = str(value).partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}{f'.{fraction}' if fraction else ''}{'Z' if zoned else ''}"
