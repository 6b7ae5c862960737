"""The schema that a signature makes: types, limits, names that mean something to others."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from service.api import schema
from service.api.payloads import Columns
from service.api.problems import Problem
from service.model.engines import Column
from service.model.signature import Input, Signature


def signature(*names: str, dtype: str = "float64", limit: float = 1e300) -> Signature:
    return Signature(
        container="array",
        inputs=tuple(
            Input(name=name, kind="number", dtype=dtype, lowest=-limit, highest=limit)
            for name in names
        ),
        outputs=(),
    )


def checked(made: Signature, **columns: Sequence[object]) -> dict[str, Column]:
    return schema.check(schema.build(made), made.names, Columns(columns))


def faults(made: Signature, **columns: Sequence[object]) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        checked(made, **columns)
    assert caught.value.code == 422
    return [(error["pointer"], error["detail"]) for error in caught.value.errors]


def test_columns_become_arrays_of_the_input_s_type() -> None:
    arrays = checked(signature("a", dtype="float32"), a=[1, 2.5, -3])
    assert arrays["a"].dtype == np.float32
    assert arrays["a"].tolist() == [1.0, 2.5, -3.0]


def test_values_keep_every_bit_of_a_float64() -> None:
    values: list[object] = [0.1, 1 / 3, 5e-324, -1.7976931348623157e299, 2**53]
    assert checked(signature("a"), a=values)["a"].tolist() == values


def test_what_is_beyond_the_limit_is_refused_where_it_stands() -> None:
    made = signature("a", limit=1e6)
    given: list[object] = [1e6, -1e6, 1.1e6, math.inf, -math.inf, 10**400, math.nan]
    assert [place for place, _ in faults(made, a=given)] == ["/a/2", "/a/3", "/a/4", "/a/5", "/a/6"]


def test_every_wrong_type_is_named() -> None:
    found = faults(signature("a"), a=[None, True, "1", [1], {"b": 1}, 1])
    assert found == [
        ("/a/0", "is null, not a number"),
        ("/a/1", "is a boolean, not a number"),
        ("/a/2", "is a string, not a number"),
        ("/a/3", "is a list, not a number"),
        ("/a/4", "is an object, not a number"),
    ]


def test_a_boolean_among_numbers_is_not_taken_for_one() -> None:
    assert faults(signature("a"), a=[1.5, 2, False]) == [("/a/2", "is a boolean, not a number")]


def test_all_missing_and_unknown_columns_are_reported() -> None:
    found = dict(faults(signature("width", "height"), widht=[1], height=[1], depth=[1]))
    assert found["/width"] == "is missing"
    assert "did you mean width?" in found["/widht"]
    assert "/depth" in found
    assert "/height" not in found


def test_columns_of_other_lengths_than_the_first_are_reported() -> None:
    found = faults(signature("a", "b", "c"), a=[1, 2], b=[1], c=[1, 2])
    assert found == [("/b", "has 1 rows, a has 2")]


@pytest.mark.parametrize(
    "name", ["Meta", "load", "fields", "a.b", "unknown", "class", "a/b", "", "ünïcödé"]
)
def test_a_column_may_have_any_name(name: str) -> None:
    made = signature(name)
    assert checked(made, **{name: [1]})[name].tolist() == [1.0]
    [(place, detail)] = faults(made, **{name: [None]})
    assert place.endswith("/0")
    assert detail == "is null, not a number"


def test_at_most_twenty_faults_are_reported() -> None:
    assert len(faults(signature("a"), a=["x"] * 10_000)) == 20
    assert len(faults(signature("a", limit=1), a=[2] * 10_000)) == 20
    assert len(faults(signature("a"), **{f"b{i}": [1] for i in range(10_000)})) == 20


def test_two_signatures_make_two_schemas() -> None:
    one, other = signature("a"), replace(signature("a", limit=1))
    assert checked(one, a=[5])["a"].tolist() == [5.0]
    assert faults(other, a=[5])
