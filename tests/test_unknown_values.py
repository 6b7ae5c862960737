"""The values that encoders do not know are counted, and the encoders are left as they were."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from training.estimators.unknown_values import counted

KNOWN = pd.DataFrame({"a": ["x", "y", None] * 10, "b": [1.0, 2.0, np.nan] * 10}, dtype=object)
ROWS = pd.DataFrame({"a": ["x", "z", np.nan, None], "b": [1, 3, None, np.nan]}, dtype=object)
UNKNOWN = 4  # z and NaN, 3 and None


@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="ignore"),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        TargetEncoder(),
    ],
    ids=["one-hot", "ordinal", "target"],
)
@pytest.mark.parametrize("as_frame", [True, False])
def test_unknown_values_are_counted(encoder: Any, as_frame: bool) -> None:
    fitted = encoder.fit(KNOWN if as_frame else KNOWN.to_numpy(), np.arange(30) % 2)
    rows = ROWS if as_frame else ROWS.to_numpy()
    usual = fitted.transform(rows)
    before = dict(vars(fitted))
    with counted([StandardScaler(), fitted]) as count:
        found = fitted.transform(rows)
        assert count.value == UNKNOWN
    assert vars(fitted) == before
    assert str(found) == str(usual)
    fitted.transform(rows)
    assert count.value == UNKNOWN


def test_pandas_integers_are_counted_as_encoders_read_them() -> None:
    whole = pd.DataFrame({"a": pd.array([2**53, 2**53 + 1, None] * 10, dtype="Int64")})
    exact = pd.DataFrame({"a": [2**53, 2**53 + 1] * 15})
    encoder = OneHotEncoder(handle_unknown="ignore").fit(whole)
    assert encoder.categories_[0].tolist()[0] == 2.0**53
    with counted([encoder]) as count:
        encoder.transform(whole)
        assert count.value == 0
    encoder.fit(exact)
    with counted([encoder]) as count:
        encoder.transform(exact)
        assert count.value == 0
