"""What the schema accepts never makes a model fail; what a model accepts is never refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.model.signature import Input
from tests.support.model_cases import ModelCase
from tests.support.packed import Values, accepted, columns_of, packed, rows_of

SPECIES = [
    "logistic regression, string labels",
    "random forest",
    "gradient boosting",
    "transformed features",
    "mixed table, open categories",
    "mixed table, closed categories",
    "mixed table, ordinal codes",
    "numbers and booleans of the mixed table",
    "native categories",
    "text within a frame",
    "codes as categories",
]

pytestmark = pytest.mark.filterwarnings("ignore")  # of models about odd numbers


def of_its_kind(column: Input) -> Values:
    """Values of the column's kind, whether the model takes them or not."""
    kinds: dict[str, Values] = {
        "number": st.floats(-1e9, 1e9),
        "integer": st.integers(-(10**9), 10**9),
        "boolean": st.booleans(),
        "text": st.text(max_size=20),
    }
    known = column.categories or ("",)
    unlike = st.text(min_size=1, max_size=9) if isinstance(known[0], str) else st.integers(-99, 99)
    values = kinds.get(column.kind, st.sampled_from(known) | unlike)
    return values | st.none()


def takes(case: ModelCase, columns: dict[str, list[Any]]) -> bool:
    """Whether the estimator itself predicts these rows, given as it was fitted on them."""
    rows = pd.DataFrame(
        {
            name: pd.Series(values, dtype=kind if None not in values else wider(kind))
            for (name, values), kind in zip(columns.items(), case.rows.dtypes, strict=True)
        }
    )
    try:
        predicted = np.asarray(case.estimator.predict(case.own(rows)))
    except Exception:
        return False
    return predicted.dtype.kind != "f" or bool(np.isfinite(predicted).all())


def wider(kind: Any) -> Any:
    """A type of pandas that has a missing value."""
    return {"int64": "float64", "bool": "object"}.get(str(kind), kind)


@pytest.mark.parametrize("name", SPECIES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_schema_accepts_is_predicted(name: str, data: st.DataObject) -> None:
    rows = data.draw(rows_of(name, accepted))
    response = packed(name)[2].post("/predict", json=columns_of(name, rows))
    assert response.status_code == 200, response.json
    assert response.json is not None
    assert all(len(values) == len(rows) for values in response.json.values())


@pytest.mark.parametrize("name", SPECIES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_model_accepts_is_not_refused(name: str, data: st.DataObject) -> None:
    columns = columns_of(name, data.draw(rows_of(name, of_its_kind)))
    response = packed(name)[2].post("/predict", json=columns)
    assert response.status_code in (200, 422), response.json
    assert takes(packed(name)[0], columns) is (response.status_code == 200), response.json
