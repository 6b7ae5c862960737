"""The same rows get the same answer in every form and order, alone and among others."""

import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.model.signature import Input
from tests.support.packed import accepted, columns_of, packed, rows_of

SPECIES = [
    "sensors",
    "mixed table, open categories",
    "text within a frame",
    "codes as categories",
    pytest.param("mixed table, closed categories", marks=pytest.mark.slow),
    pytest.param("native categories", marks=pytest.mark.slow),
]
EXACT = 2**53  # whole numbers below it are the same as floats
MODERATE = 1e6  # beyond it, adding up in another order may round differently
ROUNDING = 1e-9

Rows = list[tuple[Any, ...]]

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of models about odd numbers
    pytest.mark.parametrize("name", SPECIES),
]
properties = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def moderate(column: Input) -> st.SearchStrategy[Any]:
    """Accepted values, without numbers so large that only their rounding is left."""
    return accepted(column).filter(
        lambda value: not isinstance(value, float) or abs(value) <= MODERATE
    )


def ask(name: str, content: str, content_type: str = "application/json") -> dict[str, list[Any]]:
    """All predictions for some rows; the answer has no number that JSON cannot represent."""

    def constant(token: str) -> Any:
        raise AssertionError(f"{token} in an answer")

    _, predictor, client = packed(name)
    kind = predictor.signature.confidence
    query = f"?{kind}=true" if kind else ""
    response = client.post(f"/predict{query}", data=content, content_type=content_type)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = json.loads(response.text, parse_constant=constant)
    answer.pop("labels", None)
    return answer


def ask_columns(name: str, rows: Rows) -> dict[str, list[Any]]:
    return ask(name, json.dumps(columns_of(name, rows)))


def assert_alike(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    """Equal but for the rounding of numbers."""
    assert found.keys() == expected.keys()
    for key, given_values in found.items():
        for one, other in zip(given_values, expected[key], strict=True):
            alike = one == other or one == pytest.approx(other, rel=ROUNDING, abs=ROUNDING)
            assert alike, (key, one, other)


def picked(answer: dict[str, list[Any]], order: list[int]) -> dict[str, list[Any]]:
    return {key: [given_values[row] for row in order] for key, given_values in answer.items()}


def written_otherwise(value: Any) -> Any:
    """The same number in JSON's other notation: 1 for 1.0, and 1.0 for 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= EXACT:
        return value
    if isinstance(value, int):
        return float(value)
    whole = value.is_integer() and math.copysign(1, value) == math.copysign(1, int(value))
    return int(value) if whole else value


def in_csv(value: Any) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    return "" if value is None else str(value)


@properties
@given(data=st.data())
def test_there_is_a_finite_value_for_each_row(name: str, data: st.DataObject) -> None:
    rows = data.draw(rows_of(name, accepted))
    answer = ask_columns(name, rows)
    outputs = {output.name: output for output in packed(name)[1].signature.outputs}
    assert outputs.keys() <= answer.keys()
    for key, values in answer.items():
        assert len(values) == len(rows)
        if key in outputs and (labels := outputs[key].labels):
            assert set(values) <= set(labels)
        if key == "probabilities":
            assert all(sum(one) == pytest.approx(1) and min(one) >= 0 for one in values)


@properties
@given(data=st.data())
def test_all_forms_get_the_same_answer(name: str, data: st.DataObject) -> None:
    rows: Rows = data.draw(rows_of(name, accepted))
    columns = columns_of(name, rows)
    answer = ask_columns(name, rows)
    turned = data.draw(st.permutations(list(columns)))
    forms: dict[str, Any] = {
        "keys in another order": {key: columns[key] for key in turned},
        "lists in strings": {key: json.dumps(column) for key, column in columns.items()},
        "numbers in the other notation": {
            key: list(map(written_otherwise, column)) for key, column in columns.items()
        },
        "ordered rows": {"instances": rows},
        "named rows": {"instances": [dict(zip(columns, row, strict=True)) for row in rows]},
    }
    for form, payload in forms.items():
        assert ask(name, json.dumps(payload)) == answer, form


@properties
@given(data=st.data())
def test_a_table_gets_the_same_answer(name: str, data: st.DataObject) -> None:
    inputs = packed(name)[1].signature.inputs
    texts = [place for place, column in enumerate(inputs) if column.kind == "text"]
    rows: Rows = data.draw(rows_of(name, accepted))
    rows = [row for row in rows if all(row[place] is not None for place in texts)]
    if not rows:
        return  # a cell of text that is empty is a text
    text = io.StringIO()
    order = data.draw(st.permutations(range(len(inputs))))
    table = csv.writer(text)
    table.writerow([inputs[place].name for place in order])
    table.writerows([[in_csv(row[place]) for place in order] for row in rows])
    assert ask(name, text.getvalue(), "text/csv") == ask_columns(name, rows)


@properties
@given(data=st.data())
def test_a_row_gets_the_same_answer_alone_and_anywhere(name: str, data: st.DataObject) -> None:
    rows: Rows = data.draw(rows_of(name, moderate))
    answer = ask_columns(name, rows)
    order = data.draw(st.permutations(range(len(rows))))
    assert_alike(ask_columns(name, [rows[row] for row in order]), picked(answer, order))
    for number, row in enumerate(rows):
        assert_alike(ask_columns(name, [row]), picked(answer, [number]))
        single = dict(zip(packed(name)[1].signature.names, row, strict=True))
        if not any(isinstance(value, str) and value.lstrip().startswith("[") for value in row):
            assert ask(name, json.dumps(single)) == ask_columns(name, [row])
