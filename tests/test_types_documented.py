"""The table of types in the documentation is complete, and agrees with packing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.support.serving import ROOT
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.samples import columnar
from training.signature.infer import infer_contract

PAGE = (ROOT / "docs/your-own-model.md").read_text()
ROW = re.compile(r"^\| (.*?) \| (.*?) \| .* \|$", re.MULTILINE)
VALUES: dict[str, Any] = {
    "text": ["a", "b", "c"],
    "whole numbers": [1, 2, 3],
    "numbers": [0.5, 1.5, 2.5],
    "booleans": [True, False, True],
    "times": ["2026-01-01", "2026-02-01", "2026-03-01"],
}


def documented() -> list[tuple[str, str, str]]:
    """Types, values and kinds of the table of what is served."""
    start = PAGE.index("| type in the frame | kind |")
    found = []
    for types, kinds in ROW.findall(PAGE[start : PAGE.index("\n\n", start)])[1:]:
        for dtype in re.findall("`([^`]+)`", types):
            named = [name for name in VALUES if re.search(rf"(of|,|or) {name}( or|,|$)", types)]
            found += [(dtype, name, kinds) for name in named or [values_of(dtype)]]
    return found


def values_of(dtype: str) -> str:
    """The name of values that a type has."""
    names = {"str": "text", "bool": "booleans", "datetime": "times", "float": "numbers"}
    return next(
        (one for start, one in names.items() if dtype.lower().startswith(start)), "whole numbers"
    )


def column(dtype: str, name: str) -> Any:
    values = pd.Series(np.resize(np.array(VALUES[name], dtype=object), 60).tolist(), dtype=object)
    if dtype != "category":
        return values.astype(dtype)  # type: ignore[call-overload]
    return pd.Series(pd.Categorical(values.tolist()))


def kind_of(values: Any, folder: Path) -> str:
    """The kind that packing gives to a column of a sample with types."""
    rows = pd.DataFrame({"a": values})
    rows.to_feather(folder / "rows.feather")
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, LogisticRegression()).fit(rows, np.arange(60) % 2)
    read = columnar.read(folder / "rows.feather")
    return infer_contract(FittedModel(model), read, []).signature.inputs[0].kind


@pytest.mark.parametrize(("dtype", "name", "kinds"), documented())
def test_a_type_has_the_kind_that_the_table_says(
    dtype: str, name: str, kinds: str, tmp_path: Path
) -> None:
    own = {"text": "category", "whole numbers": "integer", "numbers": "number"}
    wanted = own.get(name, "boolean") if kinds == "as those" else kinds
    assert kind_of(column(dtype, name), tmp_path) in wanted.split(" or ")


def test_the_table_has_every_type_of_numpy_and_pandas() -> None:
    letters = {*np.typecodes["AllInteger"], *"efd?"} - {*"qQpPlL"} | {"q", "Q"}
    plain = {str(np.dtype(letter)) for letter in letters}
    masked = {name.replace("int", "Int").replace("uI", "UI") for name in plain if "int" in name}
    times = {f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")}
    texts = {"str", "string[python]", "string[pyarrow]"}
    others = {"Float32", "Float64", "boolean", "object", "category"}
    assert {dtype for dtype, _, _ in documented()} == {*plain, *masked, *times, *texts, *others}


@pytest.mark.parametrize(
    "values",
    [
        pd.to_timedelta(np.arange(60) % 3, unit="h"),
        pd.PeriodIndex(["2026-01", "2026-02"] * 30, freq="M"),
        pd.IntervalIndex.from_breaks(range(61)),
        pd.Series(np.arange(60) % 3, dtype="int64[pyarrow]"),
        pd.Categorical(pd.to_datetime(["2026-01-01", "2026-02-01"] * 30)),
    ],
    ids=["timedelta64", "period", "interval", "arrow", "category of times"],
)
def test_a_type_that_cannot_be_served_is_refused_by_its_column(values: Any, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="column a.*which no kind of input holds"):
        kind_of(values, tmp_path)
