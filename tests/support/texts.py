"""Texts for Hypothesis: JSON, nearly JSON, and tables."""

import csv
import io
import json
from typing import Any

from hypothesis import strategies as st

Values = st.SearchStrategy[Any]
Texts = st.SearchStrategy[str]

NAMES = st.sampled_from(["sensor_1", "sensor_2", "instances", "", "é", "/~"])
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
LITERALS = (
    *("-0", "1e5", "1E-400", "-1e999", "9007199254740993", "NaN", "-Infinity", r'"\ud83d"'),
    *("9" * 400, "9" * 4300, "9" * 4301, "-" + "9" * 4300, "-" + "9" * 4301),
)
TOKENS = (
    *LITERALS,
    *'{}[],:"',
    *('"sensor_1"', '"a":', "1", "01", "1.", ".5", "1.5e", "true", "false", "null", "nan", "True"),
    *("Infinity", r'"\u0061"', r'"\x"', r'"\u00"', '"\0"', " ", "\t", "\n", "\r", "\f", "\u00a0"),
    *("\ufeff", "//", "/*", "'a'", "[" * 2000, "]" * 2000, '{"a":' * 2000),
)


def values() -> Values:
    """Any JSON values."""
    leaves = st.none() | st.booleans() | NUMBERS | st.text()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner) | st.dictionaries(NAMES | st.text(), inner),
        max_leaves=10,
    )


@st.composite
def spoilt(draw: st.DrawFn, texts: Texts, pieces: Texts) -> str:
    """A text with a part removed, or replaced."""
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 5)))
    return text[:start] + draw(pieces) + text[end:]


def objects() -> Texts:
    """Objects that may have a key twice, with numbers in every notation."""
    texts = values().map(json.dumps) | st.sampled_from(LITERALS)
    members = st.lists(st.tuples(NAMES.map(json.dumps), texts).map(":".join), max_size=4)
    return members.map(lambda pairs: "{" + ",".join(pairs) + "}")


def json_like() -> Texts:
    """Valid JSON, JSON with a fault, and any text."""
    proper = st.builds(
        json.dumps, values(), ensure_ascii=st.booleans(), indent=st.none() | st.just(1)
    )
    tokens = st.lists(st.sampled_from(TOKENS), max_size=12).map("".join)
    piece = st.sampled_from(TOKENS) | st.text(max_size=3)
    return proper | objects() | tokens | spoilt(proper | objects(), piece) | st.text()


def cells() -> st.SearchStrategy[list[list[str]]]:
    """Rectangular tables of any text, also with a row of one empty cell."""
    cell = st.text(max_size=8) | st.sampled_from(["", '"', ",", "\n", "\r\n", " 1", "a,b", '""'])
    return st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1)
    )


def written(rows: list[list[str]]) -> str:
    """A table as the `csv` module writes it."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def table_like() -> Texts:
    """Valid tables, tables with a fault, and any text."""
    piece = st.sampled_from(['"', ",", "\n", "\r", "\0", "\ufeff", "\n\n", ""]) | st.text(
        max_size=3
    )
    lines = st.text(st.sampled_from('a1",;\n\r\t\0 '), max_size=40)
    return cells().map(written) | spoilt(cells().map(written), piece) | lines | st.text()
