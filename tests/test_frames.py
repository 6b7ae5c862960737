"""A frame has each column in the type of its input, as pandas itself converts it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.model.frames import frame
from service.model.predictor import as_column
from service.model.signature import Input

TEXTS = ["a", None, "b", "10", "1.0", ""]
NUMBERS = [1.5, None, -0.0, 1e300, 7.0, 2.0**53]


@pytest.mark.parametrize("dtype", ["str", "object", "string[python]", "string[pyarrow]"])
def test_text_has_the_type_of_its_input(dtype: str) -> None:
    inputs = [
        Input(name="t", kind="text", dtype=dtype),
        Input(name="n", kind="number", dtype="float64"),
    ]
    made = frame(inputs, [as_column(TEXTS, dtype), as_column(NUMBERS, "float64")])
    gone = [np.nan if one is None else one for one in TEXTS]
    kind: Any = dtype
    expected = pd.DataFrame({"t": pd.Series(gone, dtype=object).astype(kind), "n": NUMBERS})
    pd.testing.assert_frame_equal(made, expected)


def test_objects_stay_the_objects_that_they_are() -> None:
    values = [True, 9007199254740993, 1.5, "x"]
    made = frame([Input(name="o", kind="text", dtype="object")], [as_column(values, "object")])
    assert made["o"].tolist() == values
    assert [type(one) for one in made["o"]] == [bool, int, float, str]
