"""Columns of every kind: the accepted values, the arrays that they become, and the errors."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.api import payloads, schema
from service.api.problems import Problem
from service.model.signature import Input, Signature

RANGE = {"lowest": -1e300, "highest": 1e300}
INPUTS = {
    "number": Input(name="c", kind="number", dtype="float64", **RANGE),  # type: ignore[arg-type]
    "number or null": Input(name="c", kind="number", dtype="float64", nullable=True, **RANGE),  # type: ignore[arg-type]
    "integer": Input(name="c", kind="integer", dtype="int64", lowest=-9e18, highest=9e18),
    "integer or null": Input(
        name="c", kind="integer", dtype="float64", nullable=True, lowest=-9e18, highest=9e18
    ),
    "boolean": Input(name="c", kind="boolean", dtype="bool"),
    "boolean or null": Input(name="c", kind="boolean", dtype="object", nullable=True),
    "closed": Input(
        name="c", kind="category", dtype="str", categories=("red", "blue"), closed=True
    ),
    "open": Input(
        name="c", kind="category", dtype="str", categories=("red", "blue"), nullable=True
    ),
    "codes": Input(name="c", kind="category", dtype="int64", categories=(1, 2, 3), closed=True),
    "single": Input(
        name="c",
        kind="category",
        dtype="float32",
        categories=(float(np.float32(0.1)), 2.0),
        closed=True,
    ),
    "text": Input(name="c", kind="text", dtype="object"),
}


def signature(kind: str) -> Signature:
    return Signature(container="frame", inputs=(INPUTS[kind],), outputs=())


def checked(kind: str, columns: payloads.Columns) -> list[Any]:
    made = signature(kind)
    values: list[Any] = schema.check(schema.build(made), made.names, columns)["c"].tolist()
    return values


def from_json(kind: str, value: Any) -> list[Any]:
    made = signature(kind)
    return checked(kind, payloads.from_json({"c": value}, made, payloads.payload_limits(made, 100)))


def from_csv(kind: str, text: str) -> list[Any]:
    made = signature(kind)
    return checked(kind, payloads.from_csv(text, made, payloads.payload_limits(made, 100)))


@pytest.mark.parametrize(
    ("kind", "given", "taken"),
    [
        ("number", [1, 2.5], [1.0, 2.5]),
        ("integer", [1, 2.0, -3], [1, 2, -3]),
        ("integer", [2**53 + 1], [2**53 + 1]),
        ("single", [0.1, 2], [float(np.float32(0.1)), 2.0]),
        ("boolean", [True, False], [True, False]),
        ("closed", ["blue", "red"], ["blue", "red"]),
        ("open", ["green", "red"], ["green", "red"]),
        ("codes", [1, 2.0], [1, 2]),
        ("text", ["", "any \u2603"], ["", "any \u2603"]),
        ("text", "[1] is a footnote", ["[1] is a footnote"]),
        ("text", '["one", "text"]', ['["one", "text"]']),
        ("text", "[]", ["[]"]),
        ("text", "", [""]),
        ("closed", '["red", "blue"]', ["red", "blue"]),
    ],
)
def test_values_of_a_kind_pass(kind: str, given: Any, taken: list[Any]) -> None:
    assert from_json(kind, given) == taken


@pytest.mark.parametrize("text", ["", "[]", '["a", "b"]', "[1]", "[", ' ["a"]'])
def test_a_text_is_the_same_through_json_and_csv(text: str) -> None:
    cell = text.replace('"', '""')
    forms = [from_json("text", text), from_json("text", [text]), from_csv("text", f'c\n"{cell}"\n')]
    assert forms == [[text]] * 3


def test_texts_are_lists_in_strings_beside_numbers_that_are() -> None:
    inputs = (INPUTS["text"], replace(INPUTS["number"], name="n"))
    made = Signature(container="frame", inputs=inputs, outputs=())
    limits = payloads.payload_limits(made, 100)
    both = payloads.from_json({"c": '["a", "b"]', "n": "[1, 2]"}, made, limits)
    assert both.values == {"c": ["a", "b"], "n": [1, 2]}
    one = payloads.from_json({"c": '["a", "b"]', "n": 1}, made, limits)
    assert one.values == {"c": ['["a", "b"]'], "n": [1]}


@pytest.mark.parametrize("body", [["a", "b"], [["a"], ["b"]], [{"c": "a"}, {"c": "b"}]])
def test_rows_of_one_input_may_be_its_values(body: list[Any]) -> None:
    made = signature("text")
    limits = payloads.payload_limits(made, 100)
    for payload in (body, {"instances": body}):
        assert checked("text", payloads.from_json(payload, made, limits)) == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "cell", "complaint"),
    [
        ("number", "1,5", "is not a number, such as 1.5"),
        ("number", "", "is empty, not a number"),
        ("integer", "x", "is not a whole number, such as 15"),
        ("integer", "1.5", "is not a whole number"),
        ("boolean", "yes", "is neither true nor false"),
        ("boolean", " ", "is empty, not a boolean"),
        ("boolean or null", "1", "is neither true nor false"),
        ("codes", "one", "is not a number, such as 1.5"),
        ("closed", "", "is empty, not a string"),
    ],
)
def test_a_wrong_cell_of_csv_is_not_called_a_string(kind: str, cell: str, complaint: str) -> None:
    with pytest.raises(Problem) as caught:
        from_csv(kind, f'c\n"{cell}"\n')
    assert caught.value.errors[0]["detail"] == complaint


@pytest.mark.parametrize("kind", ["number or null", "integer or null", "boolean or null", "open"])
def test_null_passes_where_it_may(kind: str) -> None:
    [value] = from_json(kind, [None])
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        ("number", None, "is null, not a number"),
        ("integer", 1.5, "is not a whole number"),
        ("integer", True, "is a boolean, not a whole number"),
        ("integer", 10**19, "is out of range"),
        ("integer or null", "1", "is a string, not a whole number"),
        ("boolean", 1, "is a number, not a boolean"),
        ("boolean", "true", "is a string, not a boolean"),
        ("boolean", None, "is null, not a boolean"),
        ("closed", "Blue", "is none of red, blue; did you mean blue?"),
        ("closed", "", "is none of red, blue"),
        ("closed", None, "is null, not a string"),
        ("closed", 1, "is a number, not a string"),
        ("open", True, "is a boolean, not a string"),
        ("codes", 4, "is none of 1, 2, 3"),
        ("codes", True, "is a boolean, not a number"),
        ("codes", "1", "is a string, not a number"),
        ("text", 1, "is a number, not a string"),
        ("text", ["a", ["b"]], "is a list, not a string"),
    ],
)
def test_other_values_are_refused(kind: str, given: Any, complaint: str) -> None:
    with pytest.raises(Problem) as caught:
        from_json(kind, given)
    [error] = caught.value.errors
    assert error["detail"] == complaint or error["detail"].startswith(complaint)
    assert error["pointer"].startswith("/c")


def test_at_most_twenty_categories_are_reported() -> None:
    many = Input(
        name="c",
        kind="category",
        dtype="str",
        categories=tuple(f"c{i:02}" for i in range(50)),
        closed=True,
    )
    made = Signature(container="frame", inputs=(many,), outputs=())
    with pytest.raises(Problem) as caught:
        schema.check(schema.build(made), made.names, payloads.Columns({"c": ["zzz"]}))
    [error] = caught.value.errors
    assert "c19 and 30 more" in error["detail"]
    assert "c20" not in error["detail"]


@pytest.mark.parametrize(
    ("kind", "cells", "taken"),
    [
        ("number", "1\n2.5\n1e3\n", [1.0, 2.5, 1000.0]),
        ("integer", "1\n2.0\n9007199254740993\n", [1, 2, 2**53 + 1]),
        ("boolean", "true\nFalse\nTRUE\n", [True, False, True]),
        ("closed", "red\nblue\n", ["red", "blue"]),
        ("codes", "1\n3\n", [1, 3]),
        ("text", '"a, b"\n[1]\n12\n', ["a, b", "[1]", "12"]),
    ],
)
def test_cells_are_read_by_their_column_s_kind(kind: str, cells: str, taken: list[Any]) -> None:
    assert from_csv(kind, f"c\n{cells}") == taken


@pytest.mark.parametrize("kind", ["number or null", "integer or null", "boolean or null", "open"])
def test_an_empty_cell_is_null(kind: str) -> None:
    made = signature(kind)
    columns = payloads.from_csv('c\n""\n', made, payloads.payload_limits(made, 100))
    assert columns.values == {"c": [None]}


@pytest.mark.parametrize("kind", ["integer", "boolean", "codes"])
def test_a_cell_of_another_kind_is_refused_where_it_stands(kind: str) -> None:
    with pytest.raises(Problem) as caught:
        from_csv(kind, "c\nred\n")
    assert caught.value.errors[0]["pointer"] == "/c/0"


def test_a_column_keeps_its_type() -> None:
    made = signature("integer")
    array = schema.check(schema.build(made), made.names, payloads.Columns({"c": [1, 2]}))["c"]
    assert array.dtype == np.int64
