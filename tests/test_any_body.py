"""Of any bytes the parsers say the same as Python's own, or refuse them clearly."""

import csv
import io
import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.api import body, parse
from service.api.problems import Problem
from service.model import number_parsing
from tests.support import texts

EXAMPLES = pytest.mark.parametrize("examples", [400, pytest.param(1000, marks=pytest.mark.slow)])
NUMERIC = st.text(st.sampled_from("0123456789+-.eE _xnaif\t\n٣１"), max_size=12)
CUTS = st.sampled_from([b"\xff", b"\xc3", b"\xed\xa0\xbd", b"\xf8", b"\0", b"\xef\xbb\xbf"])


MOST_DIGITS = 4300  # that Python makes an integer of
ANY = parse.PayloadLimits(rows=1, values=10**9, containers=10**9, lines=10**9)


def hold(examples: int, given_as: st.SearchStrategy[Any], rule: Callable[[Any], None]) -> None:
    """Check a rule with so many values."""
    checked = settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck)
    )(given(given_as)(rule))
    checked()


class NotStrictError(Exception):
    """What Python's parser takes and we do not."""


def by_python(text: str) -> Any:
    """The value, as Python's own parser reads it; an integer of too many digits is a float.

    ValueError or RecursionError for what is no JSON, NotStrictError for what is only Python's.
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise NotStrictError
        return dict(pairs)

    def constant(token: str) -> Any:
        raise NotStrictError

    def read(whole: Callable[[str], Any]) -> Any:
        return json.loads(text, object_pairs_hook=members, parse_constant=constant, parse_int=whole)

    return read(lambda digits: float(digits) if len(digits) > MOST_DIGITS else int(digits))


def as_64_bits(value: Any) -> Any:
    """A value whose integers of more bits are floats: a parser may choose."""
    if isinstance(value, dict):
        return {key: as_64_bits(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(as_64_bits, value))
    is_large = type(value) is int and not -(2**63) <= value < 2**64
    return float(str(value)) if is_large else value


def outcome(parse: Callable[[Any], Any], given_to_it: Any) -> Any:
    """What a parser makes of it: a value, or its refusal; anything else that it raises is a bug."""
    try:
        return parse(given_to_it)
    except Problem as problem:
        return problem


def parse_json_agrees(text: str) -> None:
    found = outcome(partial(parse.parse_json, limits=ANY), text)
    if not isinstance(found, Problem):
        of_the_same_types = repr(as_64_bits(by_python(text)))
        assert repr(as_64_bits(found)) == of_the_same_types
        return
    assert found.code == 400
    [error] = found.errors
    assert error["pointer"] == ""
    assert 0 < len(error["detail"]) < 200
    with pytest.raises((ValueError, RecursionError, NotStrictError)):
        by_python(text)


@EXAMPLES
def test_json_is_read_as_python_reads_it_or_refused(examples: int) -> None:
    hold(examples, texts.json_like(), parse_json_agrees)


@EXAMPLES
def test_any_bytes_are_utf_8_or_refused(examples: int) -> None:
    def agrees(content: bytes) -> None:
        found = outcome(body.decode, content)
        if isinstance(found, Problem):
            assert found.code == 400
            if content.strip():
                with pytest.raises(UnicodeDecodeError):
                    str(content, "utf-8")
        else:
            assert found.encode() == content
            parse_json_agrees(found)

    proper = texts.json_like().map(lambda text: text.encode("utf-8", "surrogatepass"))
    hold(examples, st.binary() | proper | st.tuples(proper, CUTS, proper).map(b"".join), agrees)


@EXAMPLES
def test_a_table_is_read_as_python_reads_it_or_refused(examples: int) -> None:
    def agrees(text: str) -> None:
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        found = outcome(partial(parse.parse_csv, limits=ANY), text)
        if not isinstance(found, Problem):
            first, *others = [row for row in reader if row] or [[]]
            assert found == (first, others)
        elif found.code == 422:
            assert len({len(row) for row in reader if row}) > 1
        else:
            assert found.code == 400
            with pytest.raises(csv.Error):
                list(reader)

    hold(examples, texts.table_like(), agrees)


@settings(deadline=None)
@given(texts.cells())
def test_what_was_written_as_a_table_is_read_back(table: list[list[str]]) -> None:
    table[0][0] = "x" + table[0][0]  # the first character of all may be a byte order mark
    header, rows = parse.parse_csv(texts.written(table), ANY)
    assert header == table[0]
    assert rows == table[1:]


@settings(max_examples=1000, deadline=None)
@given(NUMERIC | texts.NUMBERS.map(json.dumps))
@example("1_000")
@example("9" * 400)
def test_a_number_in_a_cell_is_read_as_by_python_or_refused(text: str) -> None:
    found = number_parsing.parse(text)
    plain = re.fullmatch(r"\s*[-+0-9.eE]+\s*", text, re.ASCII) is not None
    try:
        expected = float(text) if plain else None
    except ValueError:
        expected = None
    assert (found is None) is (expected is None)
    if found is not None and expected is not None:
        assert float(found) == expected
        assert math.copysign(1, found) == math.copysign(1, expected) or found == 0
