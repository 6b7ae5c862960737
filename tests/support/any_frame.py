"""Property test of packing: fits a pipeline on a random DataFrame, packs and serves it.

The service must predict what the estimator predicts for the DataFrame, or packing must refuse it.
`python -m tests.support.any_frame 2000` tries 2,000 frames, from number `--first`, and prints the
results.
"""

import argparse
import collections
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier

from service.app import create_app
from service.model.artifact import ArtifactError
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support import frame_steps
from training.errors import DataError, PackError
from training.pack import PackOptions, Provenance, pack
from training.samples import columnar, sample

ROWS = 60
INDEPENDENCE_SECONDS = 0.01  # to test whether rows are independent, which is not tested here
TOLERANCE = 1e-6
Random = np.random.Generator
TEXTS: dict[str, list[str]] = {
    "words": ["Oslo", "Lyon", "Porto", "Graz"],
    "digits": ["10", "20", "30"],
    "codes of digits": ["01234", "10115", "00501"],
    "booleans": ["true", "false"],
    "decimals": ["1.0", "1.1", "1.10"],
    "codes": ["AB-12", "CD-34", "EF-56", "AB-77"],
    "dates": ["2026-01-01", "2026-02-13", "2025-12-31"],
    "times": ["18:30", "09:45", "23:59"],
    "moments": ["2026-01-01 18:00:00", "2026-03-09 07:30:00", "2026-05-05 00:00:00"],
    "what looks missing": ["NA", "None", "here"],
    "with blanks": [" a", "a", "b "],
}
CATEGORIES: dict[str, Any] = {
    "category of numbers": [3, 7, 11],
    "category of Int64": pd.array([3, 7, 11], dtype="Int64"),
    "category of times": pd.to_datetime(["2026-01-01", "2026-02-13", "2025-12-31"]),
    "category of booleans": [True, False],
    "category of boolean": pd.array([True, False]),
}
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
TYPES = [
    *("object", "object", "str", "str", "string[python]", "string[pyarrow]", "category of text"),
    *("bool", "boolean", *INTEGERS, "Int64", "Int64", "int64 as float"),
    *(
        "float32",
        "float64",
        "Float32",
        "Float64",
        "datetime64[ns]",
        "datetime64[us]",
        "datetime64 with zone",
    ),
    *("timedelta64[ns]", "object of integers", "object of booleans", "object of times"),
    *("None and NaN", *CATEGORIES),
]
SUFFIXES = (".csv", ".parquet", ".feather")


def _series(values: Any, dtype: Any = None) -> Any:
    return pd.Series(values, dtype=dtype)


def column(kind: str, chance: Random) -> Any:
    """Values of a type, some of them missing if the type allows it."""
    gone = chance.random(ROWS) < chance.choice([0.0, 0.0, 0.15])
    if kind == "bool":
        return _series(chance.random(ROWS) < 0.5)
    if kind == "boolean":
        return _series(chance.random(ROWS) < 0.5).astype("boolean").mask(gone)
    if kind.startswith("object of"):
        values = _values(kind, chance)
        return _objects(values, gone, None if chance.random() < 0.5 else np.nan)
    if kind in INTEGERS:
        return _series(_whole(kind, chance).astype(kind))
    if kind == "Int64":
        return _series(_whole("int64", chance), dtype="Int64").mask(gone)
    if kind == "int64 as float":
        return _series(chance.integers(0, 4, ROWS)).astype("float64").mask(gone)
    if kind in ("float32", "float64", "Float32", "Float64"):
        made = np.round(chance.normal(size=ROWS), int(chance.choice([0, 1, 8])))
        return _series(made).astype(kind).mask(gone)
    if kind.startswith("datetime64"):
        return _moments(kind, chance).mask(gone)
    if kind == "timedelta64[ns]":
        return _series(pd.to_timedelta(chance.integers(1, 5, ROWS), unit="h")).mask(gone)
    if kind in CATEGORIES:
        known = _series(CATEGORIES[kind]).astype("category").array
        return _series(known.take(chance.integers(0, len(known), ROWS))).mask(gone)
    return _texts(kind, gone, chance)


def _values(kind: str, chance: Random) -> list[Any]:
    """Objects of Python."""
    if kind == "object of times":
        times: list[Any] = _moments("datetime64[us]", chance).dt.time.tolist()
        return times
    if kind == "object of booleans":
        return [bool(one) for one in chance.random(ROWS) < 0.5]
    return [int(one) for one in _whole("int64", chance)]


def _texts(kind: str, gone: Any, chance: Random) -> Any:
    texts = TEXTS[str(chance.choice(list(TEXTS)))]
    values = [str(one) for one in chance.choice(texts, ROWS)]
    if kind == "None and NaN":
        return _objects(_objects(values, gone, None), chance.random(ROWS) < 0.15, np.nan)
    if kind == "object":
        return _objects(values, gone, None if chance.random() < 0.5 else np.nan)
    made = _series(values).astype("category" if kind == "category of text" else kind)
    return made.mask(gone)


def _objects(values: Any, gone: Any, missing: Any) -> Any:
    listed = [missing if away else one for one, away in zip(values, gone, strict=True)]
    return _series(listed, dtype=object)


def _whole(kind: str, chance: Random) -> Any:
    if kind in ("int64", "uint64") and chance.random() < 0.4:
        return 2**53 + chance.integers(0, 4, ROWS)
    return chance.integers(0, 5, ROWS) * 10


def _moments(kind: str, chance: Random) -> Any:
    step = str(chance.choice(["D", "h"]))
    steps: Any = np.array(chance.integers(0, 9, ROWS), f"timedelta64[{step}]")
    values = pd.Timestamp("2026-01-01") + pd.to_timedelta(steps)
    if kind == "datetime64 with zone":
        return _series(values).dt.tz_localize("Europe/Oslo")
    return _series(values).astype(kind)


def _keeps_types_in_csv(frame: Any) -> bool:
    """Whether a CSV file of the frame shows which columns are text, and has all digits of numbers.

    Packing cannot find this out for a function of the user's own (`docs/your-own-model.md`).
    """
    texts = [frame[name].dropna() for name in frame if frame[name].map(type).eq(str).any()]
    shows_text = not any(column.str.fullmatch(r"[\d.]+|true|false").all() for column in texts)
    return shows_text and not any(str(dtype).lower() == "float32" for dtype in frame.dtypes)


def _mixed() -> Any:
    numeric = make_column_selector(dtype_include="number")
    others = make_column_selector(dtype_exclude="number")
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return make_column_transformer(
        (numbers, numeric), (OneHotEncoder(handle_unknown="ignore"), others)
    )


def _ordinal() -> Any:
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


PIPELINES: dict[str, Callable[[], Any]] = {
    "one-hot, open": lambda: make_pipeline(OneHotEncoder(handle_unknown="ignore"), logistic()),
    "one-hot, closed": lambda: make_pipeline(OneHotEncoder(), logistic()),
    "ordinal, open": lambda: make_pipeline(_ordinal(), DecisionTreeClassifier(random_state=0)),
    "ordinal, closed": lambda: make_pipeline(
        OrdinalEncoder(), DecisionTreeClassifier(random_state=0)
    ),
    "imputed": lambda: make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"), logistic()
    ),
    "target": lambda: make_pipeline(TargetEncoder(), logistic()),
    "by type": lambda: make_pipeline(_mixed(), logistic()),
    "histogram boosting": lambda: HistGradientBoostingClassifier(
        max_iter=5, min_samples_leaf=5, random_state=0
    ),
    "as text": lambda: make_pipeline(
        FunctionTransformer(frame_steps.texts), OneHotEncoder(handle_unknown="ignore"), logistic()
    ),
    "as numbers": lambda: make_pipeline(
        FunctionTransformer(frame_steps.numbers), DecisionTreeClassifier(random_state=0)
    ),
    "None or not": lambda: make_pipeline(
        FunctionTransformer(frame_steps.are_none), DecisionTreeClassifier(random_state=0)
    ),
    "text of an array": lambda: make_pipeline(
        FunctionTransformer(frame_steps.array_texts), _ordinal(), DecisionTreeClassifier()
    ),
    "imputed, as numbers": lambda: make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        FunctionTransformer(frame_steps.lengths),
        DecisionTreeClassifier(random_state=0),
    ),
}


FUNCTIONS = ("as text", "as numbers", "None or not", "text of an array", "imputed, as numbers")


def logistic() -> LogisticRegression:
    return LogisticRegression(max_iter=300)


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of an example: `equal`, `refused`, `unfit`, `sample refused` or `WRONG`."""

    outcome: str
    about: str


def tried(seed: int) -> Tried:
    """Fit, pack and serve the example with this number."""
    chance = np.random.default_rng(seed)
    kinds = [str(one) for one in chance.choice(TYPES, int(chance.integers(1, 4)))]
    frame = pd.DataFrame({f"c{place}": column(kind, chance) for place, kind in enumerate(kinds)})
    name = list(PIPELINES)[seed % len(PIPELINES)]
    suffix = str(chance.choice(SUFFIXES))
    if name in FUNCTIONS and suffix == ".csv" and not _keeps_types_in_csv(frame):
        suffix = ".parquet"
    about = f"{seed}: {name} of {', '.join(kinds)} as {suffix}"
    codes = pd.factorize(frame["c0"])[0]
    target = np.where((codes % 2 == 0) ^ (chance.random(ROWS) < 0.1), "yes", "no")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = PIPELINES[name]().fit(frame, target)
            expected = model.predict(frame).tolist(), model.predict_proba(frame)
        except Exception as error:
            return Tried("unfit", f"{about}: {type(error).__name__}")
        with tempfile.TemporaryDirectory() as folder:
            return _served(model, frame, Path(folder), suffix, expected, about)


def _served(
    model: Any, frame: Any, folder: Path, suffix: str, expected: tuple[Any, Any], about: str
) -> Tried:
    path = folder / f"rows{suffix}"
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_feather(path)
    try:
        rows = columnar.read(path) if columnar.is_typed(path) else sample.read(path, named=True)
        with mock.patch.multiple(
            "training.pack", WIDE_COLUMNS=0, WIDE_SECONDS=INDEPENDENCE_SECONDS
        ):
            pack(
                model,
                rows,
                targets=[],
                name="any",
                folder=folder / "artifact",
                provenance=Provenance(data={"rows": len(frame)}),
                options=PackOptions(
                    engine="sklearn" if len(frame.columns) > 1 else "auto",
                    trusted=["tests.support.frame_steps"],
                    report=False,
                ),
            )
    except (ArtifactError, PackError, DataError) as error:
        return Tried("refused", f"{about}: {error}")
    predictor = Predictor.load(folder / "artifact", ["tests.support.frame_steps"])
    client = create_app(Settings(), predictor).test_client()
    body = {name: values(frame[name]) for name in frame}
    response = client.post("/predict?probabilities=true", json=body)
    if response.status_code != 200:
        return Tried("sample refused", f"{about}: {str(response.json)[:300]}")
    labels, probabilities = expected
    answer: Any = response.json
    same = answer["prediction"] == labels and np.allclose(
        answer["probabilities"], probabilities, atol=TOLERANCE
    )
    return Tried("equal" if same else "WRONG", about)


def values(series: Any) -> list[Any]:
    """A column as a client writes it in JSON."""
    if str(series.dtype) in ("float32", "Float32"):  # with the digits of this type
        numbers = series.to_numpy(np.float32, na_value=np.nan)
        return [None if value != value else float(str(value)) for value in numbers]
    return [plain(value) for value in series]


def plain(value: Any) -> Any:
    """A value as a client writes it in JSON."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, pd.Timedelta | time):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def main() -> int:
    """Try examples, and print the outcomes; 1 if a prediction is wrong and was not refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", type=int, nargs="?", default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print each that is not equal")
    options = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(options.first, options.first + options.examples):
        found = tried(seed)
        counts[found.outcome] += 1
        if found.outcome == "WRONG" or (options.show and found.outcome not in ("equal", "unfit")):
            print(found.outcome, found.about, flush=True)
    print(dict(counts))
    return 1 if counts["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
