"""Parses the text of a body as strict JSON or as a CSV table; 400 if it is neither.

Values are counted before they are parsed: counting takes much less time and memory.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from itertools import islice, zip_longest
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from service.api.problems import Problem
from service.model import separators

LONG_CHARACTERS = 10_000  # from here on NumPy searches faster than str
SHORT_CHARACTERS = 400  # below, a regular expression is faster than NumPy
LONG_DIGITS = 20  # an integer with so many digits may need more than 64 bits
LONG_NUMBER = re.compile(rf"[0-9]{{{LONG_DIGITS}}}")
MANY_DIGITS = 310  # more than float64 holds
NESTING_SCAN_CHARACTERS = 65_536  # enough for more nesting than Python's parser follows


class PayloadLimits(NamedTuple):
    """The limits of one body, which are checked before it is parsed, and what is left out of it."""

    rows: int  # for the error message
    values: int  # of JSON, or cells of CSV
    containers: int  # lists and objects of JSON
    lines: int  # of CSV, blank ones included
    ignore_extra: bool = False  # columns that are no inputs: SERVICE_EXTRA_COLUMNS
    echo_extra: bool = False  # keep these for the answer


def unparsable(fault: str, kind: str = "JSON") -> Problem:
    """Problem 400 for a body that is not of its type."""
    return Problem(400, f"the body is not {kind}", [{"pointer": "", "detail": fault}])


def parse_json(text: str, limits: PayloadLimits, nan: bool = False) -> Any:
    """Parse strict JSON: no NaN, no duplicate keys, no deep nesting; Problem 400 otherwise.

    With `nan`, NaN is read as null: Python clients send it for missing values. Problem 422 for more
    than `limits`. A number too large for float64 becomes infinite; the schema refuses it with its
    pointer. Integers are exact.
    """
    if not _fits(text, limits):
        if _is_deep(text[:NESTING_SCAN_CHARACTERS]):  # quick to see, and the rest would take long
            raise unparsable("it is nested too deeply")
        outside = _unquoted(text.replace("\\\\", "").replace('\\"', ""))
        if not _fits(outside, limits):
            raise _too_much("values", limits)
    decoder = _WITH_NAN if nan else _DECODER
    if has_long_number(text):
        return _strict(text, decoder)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _strict(text, decoder)
    return value if _has_no_key_twice(text, value) else _strict(text, _ANOTHER_LOOK)


def parse_csv(text: str, limits: PayloadLimits) -> tuple[list[str], list[list[str]]]:
    """Parse a CSV table: header and rows of cells, without blank lines.

    Problem 400 if it is not CSV, 422 if rows differ in length, or for more than `limits`.
    """
    if _count(text, ",") > limits.values and _count(_unquoted(text), ",") > limits.values:
        raise _too_much("cells", limits)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        lines = list(islice(reader, limits.lines + 1))
    except csv.Error as error:
        raise unparsable(f"{error} at line {reader.line_num}", "CSV") from error
    if len(lines) > limits.lines:
        raise _too_much("lines", limits)
    header, *rows = list(filter(None, lines)) or [[]]
    for number, cells in enumerate(rows):
        if len(cells) != len(header):
            fault = (
                other_separator(header)
                or f"row {number} has {len(cells)} cells, there are {len(header)} columns"
            )
            raise Problem(422, fault, [{"pointer": "", "detail": fault}])
    return header, rows


def other_separator(header: Sequence[str]) -> str | None:
    """The error message for a header with another separator than a comma; None if it has none."""
    other = separators.other_than(",", header[0]) if len(header) == 1 else None
    if other is None:
        return None
    found, expected, _ = other
    return f"the header line has {found} and no {expected}; separate cells with {expected}"


class _NotStrictError(ValueError):
    """JSON that Python's parser would accept, but is not strict."""


def has_long_number(text: str) -> bool:
    """Whether a number has so many digits that orjson may read an integer as a float."""
    if len(text) < SHORT_CHARACTERS:
        return LONG_NUMBER.search(text) is not None
    characters = _bytes(text)
    digits = (characters >= ord("0")) & (characters <= ord("9"))
    for step in (1, 2, 4, 8, LONG_DIGITS - 16):  # runs of two digits, then four, and so on
        digits = digits[:-step] & digits[step:]
    return bool(digits.any())


def _too_much(what: str, limits: PayloadLimits) -> Problem:
    fault = f"has far more {what} than {limits.rows} rows, the most that one request may have"
    return Problem(422, "the body is too long", [{"pointer": "", "detail": fault}])


def _fits(text: str, limits: PayloadLimits) -> bool:
    containers = _count(text, "[") + _count(text, "{")
    return containers <= limits.containers and _count(text, ",") <= limits.values


def _count(text: str, character: str) -> int:
    if len(text) < LONG_CHARACTERS:
        return text.count(character)
    return int(np.count_nonzero(_bytes(text) == ord(character)))


def _bytes(text: str) -> NDArray[np.uint8]:
    """The bytes of a text as an array, which NumPy searches four times as fast."""
    return np.frombuffer(text.encode(errors="surrogatepass"), np.uint8)


def _unquoted(text: str) -> str:
    """The bytes outside of quotes."""
    characters = _bytes(text)
    quotes = np.cumsum(characters == ord('"'), dtype=np.uint8)  # modulo 256: odd stays odd
    outside: bytes = characters[quotes & 1 == 0].tobytes()
    return outside.decode("latin-1")


def _is_deep(text: str) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        pass
    return False


def _has_no_key_twice(text: str, value: Any) -> bool:
    """Whether no object has a key twice, as far as this is certain.

    orjson keeps the last of two equal keys, without an error. If every colon follows a quote, there
    are no more keys than colons.
    """
    keys = 0
    if type(value) is dict:
        keys = len(value)
        rows = value.get("instances")
        if type(rows) is list:
            keys += sum(len(row) for row in rows if type(row) is dict)
    colons = _count(text, ":")
    if colons != keys and colons != _keys(value):
        return False
    if len(text) < LONG_CHARACTERS:
        return text.count('":') == colons
    characters = _bytes(text)
    before = characters[np.flatnonzero(characters == ord(":")) - 1]
    return bool((before == ord('"')).all())


def _keys(value: Any) -> int:
    """The number of keys, also of nested objects, but not of lists that begin with another type."""
    keys, left = 0, [value]
    while left:
        one = left.pop()
        if type(one) is dict:
            keys += len(one)
            left += [value for value in one.values() if type(value) in (dict, list)]
        elif type(one) is list and one and type(one[0]) is dict:
            left += one
    return keys


def _strict(text: str, decoder: json.JSONDecoder) -> Any:
    """The value by Python's own parser, which accepts more than orjson; Problem with its error."""
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise unparsable(f"{error.msg} at {place}") from error
    except RecursionError as error:
        raise unparsable("it is nested too deeply") from error
    except _NotStrictError as error:
        raise unparsable(str(error)) from error


def _constant(token: str) -> Any:
    raise _NotStrictError(f"{token} is not a JSON number")


def _nan_is_null(constant: str) -> Any:
    return None if constant == "NaN" else _constant(constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):  # they are in order: the first that is missing there is the key
        again = next(key for (key, _), once in zip_longest(pairs, members) if key != once)
        raise _NotStrictError(f"the key {again[:40]!r} occurs more than once")
    return members


def _integer(digits: str) -> int | float:
    """Beyond float64 all are infinite; Python would take long to convert them, or refuse."""
    return int(digits) if len(digits) < MANY_DIGITS else float(digits)


# Of what orjson has taken: there is no such integer, nor NaN, and a call for each would cost more.
_ANOTHER_LOOK = json.JSONDecoder(object_pairs_hook=_object)
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
_WITH_NAN = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_nan_is_null, parse_int=_integer
)
