"""Long columns of numbers are read in another way; the answers are the same."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.api import fast_json, parse, payloads, schema
from service.api.problems import Problem
from service.model.signature import Input, Signature

COLUMNS = ("a", "b 1")
MOST_ROWS = 9
SIGNATURE = Signature(
    inputs=tuple(
        Input(name=name, kind="number", dtype="float64", lowest=-1e9, highest=1e300)
        for name in COLUMNS
    ),
    outputs=(),
    container="array",
)
SCHEMA = schema.build(SIGNATURE)
MOST = payloads.payload_limits(SIGNATURE, MOST_ROWS)
LONG_ROWS = 5000

NUMBERS = st.sampled_from(
    [
        "0",
        "-0",
        "1.5",
        "-2e3",
        "1E-7",
        "9007199254740993",
        "18446744073709551616",
        "1e999",
        "5e-324",
    ]
) | st.floats(allow_nan=False, allow_infinity=False).map(json.dumps)
ODD = st.sampled_from(["01", "1.", "+1", "null", "true", '"1"', "[1]", "{}", "NaN", "", "-", "1 2"])
LISTS = st.lists(NUMBERS | NUMBERS | NUMBERS | ODD, max_size=MOST_ROWS + 2).map(
    lambda cells: f"[{','.join(cells)}]"
)
NAMES = st.sampled_from(['"a"', '"b 1"', '"a"', '"b 1"', '"\\u0061"', '"c"', '"a\\""'])
MEMBERS = st.tuples(NAMES, LISTS | ODD).map(" : ".join)
BODIES = st.lists(MEMBERS, max_size=3).map(lambda members: "{" + ", ".join(members) + "}")
BROKEN = st.tuples(
    BODIES, st.integers(0, 60), st.sampled_from(["", "]", "}", '"', "\ufeff", "é"])
).map(lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] :])


def by_the_other_way(body: bytes) -> Mapping[str, Any] | None:
    """The arrays that a short body of the same text gets, if it gets any."""
    try:
        columns = payloads.from_json(parse.parse_json(body.decode(), MOST), SIGNATURE, MOST)
        return schema.check(SCHEMA, COLUMNS, columns)
    except Problem:
        return None


@settings(deadline=None, max_examples=400)
@given(BODIES | BROKEN)
@example('{"a":[1,2.5],"b 1":[-3,4e2]}')
@example('{"b 1":[1],"a":[2]}')
@example('{"a":[1],"a":[2]}')
@example('{"a":[[1]],"b 1":2}')
@example('{"a":[1],"b 1":[1]} x')
@example('{"a":[[1],2],"b 1":[3,4]}')
@example('{"a":[1],"a":[2],"b 1":[3]}')
@example('{"a":[1],"b 1":[2],"b 1":{"a":[3]}}')
@example('{"a":[],"b 1":[]}')
@example('{"a":[1,"2"],"b 1":[3,4]}')
@example('{"a":[1,{}],"b 1":[3,true]}')
@example(' {"\\u0061":[1],"b 1":[3]} ')
def test_what_is_read_the_short_way_is_what_the_other_way_gives(text: str) -> None:
    body = text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_json, "LONG_CHARACTERS", 0)
        read = fast_json.read(body, SIGNATURE, MOST)
    if read is None:
        return
    try:
        found = schema.check(SCHEMA, COLUMNS, payloads.Columns(read))
    except Problem:
        found = None
    expected = by_the_other_way(body)
    assert (found is None) == (expected is None)
    for name in COLUMNS if found and expected else ():
        assert found is not None
        assert expected is not None
        assert found[name].dtype == expected[name].dtype
        assert np.array_equal(found[name], expected[name])


def long_body(**changed: str) -> bytes:
    columns = {name: ",".join(["1.25"] * LONG_ROWS) for name in COLUMNS} | changed
    return (
        "{" + ",".join(f'"{name}": [{cells}]' for name, cells in columns.items()) + "}"
    ).encode()


def test_a_long_body_of_numbers_is_read_that_way() -> None:
    most = payloads.payload_limits(SIGNATURE, LONG_ROWS)
    read = fast_json.read(long_body(), SIGNATURE, most)
    assert read is not None
    assert {name: array.tolist() for name, array in read.items()} == {
        name: [1.25] * LONG_ROWS for name in COLUMNS
    }


@pytest.mark.parametrize("cells", ["null", "[1]", "", '"1"', "1e999", "[", ",".join(["1"] * 6000)])
def test_a_long_body_of_anything_else_is_not(cells: str) -> None:
    most = payloads.payload_limits(SIGNATURE, LONG_ROWS)
    assert fast_json.read(long_body(a=cells), SIGNATURE, most) is None
