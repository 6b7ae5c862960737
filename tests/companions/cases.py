"""Models of XGBoost, LightGBM and CatBoost, and rows on and beside all that they compare.

Run in the environment that has the libraries, which the service has not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from pandas.api.types import is_float_dtype
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROWS = 10_000
EDGES = 400  # thresholds, evenly chosen
QUIET: dict[str, dict[str, Any]] = {
    "xgboost": {"n_jobs": 1, "verbosity": 0},
    "lightgbm": {"n_jobs": 1, "verbose": -1},
    "catboost": {"thread_count": 1, "verbose": 0, "allow_writing_files": False},
}


@dataclass(frozen=True)
class Case:
    """A fitted model, what it was fitted on, and whether a value may be missing."""

    model: Any
    rows: pd.DataFrame
    target: Any
    holes: bool = False
    fed: Callable[[pd.DataFrame], Any] = field(default=lambda rows: rows.to_numpy())


def numbered(rows: Any) -> pd.DataFrame:
    """The columns as they are called in the sample of a model that knows no names."""
    return pd.DataFrame(rows, columns=[f"c{place}" for place in range(rows.shape[1])])


def holed(rows: Any) -> Any:
    """The rows without a tenth of the values."""
    rows = rows.copy()
    rows[np.random.default_rng(1).random(rows.shape) < 0.1] = np.nan
    return rows


def two() -> tuple[Any, Any]:
    """Two classes of thirty numbers."""
    rows, target = load_breast_cancer(return_X_y=True)
    return rows, target


def three() -> tuple[Any, Any]:
    """Three classes of thirteen numbers."""
    rows, target = load_wine(return_X_y=True)
    return rows, target


def zeros() -> tuple[Any, Any]:
    """Ten classes of 64 numbers, half of which are 0."""
    rows, target = load_digits(return_X_y=True)
    return rows, target


def numbers() -> tuple[Any, Any]:
    """A number from 25 to 346 for ten numbers."""
    rows, target = load_diabetes(return_X_y=True)
    return rows, target


def table() -> tuple[pd.DataFrame, Any]:
    """A town, an age and a pay that may be missing."""
    chance, count = np.random.default_rng(0), 600
    towns = ["Basel", "Bern", "Chur", "Genf", "Thun"]
    rows = pd.DataFrame(
        {
            "age": chance.integers(18, 80, count).astype(float),
            "town": chance.choice(towns, count),
            "pay": chance.normal(size=count),
        }
    )
    rows.loc[chance.random(count) < 0.1, "pay"] = np.nan
    return rows, (rows.town.isin(["Bern", "Genf"]) ^ (rows.age > 50)).to_numpy().astype(int)


def plain(
    kind: Callable[..., Any],
    data: Callable[[], tuple[Any, Any]] = two,
    *,
    holes: bool = False,
    labels: Callable[[Any], Any] = lambda target: target,
    fit: Callable[[Any, Any], dict[str, Any]] = lambda rows, target: {},
    **options: Any,
) -> Case:
    """A model fitted on an array; `fit` are arguments of its fit."""
    rows, target = data()
    rows, target = holed(rows) if holes else rows, labels(target)
    package = kind.__module__.split(".")[0]
    model = kind(**{"n_estimators": 40, **QUIET[package], **options})
    return Case(model.fit(rows, target, **fit(rows, target)), numbered(rows), target, holes)


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the town as pandas' categories, which are those of the model."""
    return rows.assign(town=pd.Categorical(rows.town, sorted(set(table()[0].town))))


def categories(kind: Callable[..., Any], **options: Any) -> Case:
    """A model that encodes a column of text itself."""
    rows, target = table()
    package = kind.__module__.split(".")[0]
    model = kind(n_estimators=40, **QUIET[package], **options).fit(typed(rows), target)
    return Case(model, rows, target, fed=typed)


def piped(kind: Callable[..., Any]) -> Case:
    """A model behind encoders, an imputer and a scaler, fitted on a frame."""
    rows, target = table()
    numeric = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["town"]), (numeric, ["age", "pay"])
    )
    model = make_pipeline(columns, kind(n_estimators=40, **QUIET[kind.__module__.split(".")[0]]))
    return Case(model.fit(rows, target), rows, target, fed=lambda given: given)


def sparse(kind: Callable[..., Any]) -> Case:
    """A model that gets a sparse matrix from its encoder, with a number that is often 0."""
    chance, count = np.random.default_rng(0), 800
    texts = {name: chance.choice([f"{name}{one}" for one in range(12)], count) for name in "abc"}
    rows = pd.DataFrame({**texts, "x": chance.choice([0.0, 1.0, 2.5], count)})
    target = ((rows.a.str[1:].astype(int) % 3 == 0) ^ (rows.x > 0)).to_numpy().astype(int)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["a", "b", "c"]), remainder="passthrough"
    )
    model = make_pipeline(columns, kind(n_estimators=40, **QUIET[kind.__module__.split(".")[0]]))
    return Case(model.fit(rows, target), rows, target, fed=lambda given: given)


def halves(rows: Any, target: Any) -> dict[str, Any]:
    """Every second row, to stop early by."""
    return {"eval_set": [(rows[1::2], target[1::2])]}


def queries(size: int) -> Callable[[Any, Any], dict[str, Any]]:
    """Queries of one size, as XGBoost wants them."""
    return lambda rows, target: {"qid": np.arange(len(rows)) // size}


def pairs(target: Any) -> Any:
    """Two numbers for each row."""
    return np.column_stack([target, target[::-1]])


def frame(kind: Callable[..., Any], within: Callable[[Any], Any] = lambda one: one) -> Case:
    """A model of a whole number, and of a number whose name has a space, in another estimator."""
    rows, target = table()
    rows = rows.assign(age=rows.age.astype(int)).rename(columns={"pay": "pay a day"})
    rows = rows.drop(columns="town")
    model = within(kind(n_estimators=40, **QUIET[kind.__module__.split(".")[0]]))
    return Case(model.fit(rows, target), rows, target, fed=lambda given: given)


def within(make: Callable[[Any], Any], kind: Callable[..., Any]) -> Case:
    """A model in another estimator, which keeps what it cloned, fitted on an array."""
    rows, target = two()
    model = make(kind(n_estimators=20, **QUIET[kind.__module__.split(".")[0]]))
    return Case(model.fit(rows, target), numbered(rows), target)


def calibrated(one: Any) -> Any:
    """Calibrated in three folds."""
    return CalibratedClassifierCV(one, cv=3)


def voting(one: Any) -> Any:
    """The mean of two."""
    return VotingClassifier([("one", one), ("trees", RandomForestClassifier(5))], voting="soft")


X, L, C = xgboost, lightgbm, catboost
FRAMES: dict[str, Callable[[], Case]] = {
    "xgb frame": partial(frame, X.XGBClassifier),
    "lgb frame": partial(frame, L.LGBMClassifier),
    "cat frame": partial(frame, C.CatBoostClassifier),
    "lgb search": partial(
        frame, L.LGBMClassifier, lambda one: GridSearchCV(one, {"num_leaves": [7]}, cv=2)
    ),
}
WITHIN: dict[str, Callable[[], Case]] = {
    "xgb calibrated": partial(within, calibrated, X.XGBClassifier),
    "lgb calibrated": partial(within, calibrated, L.LGBMClassifier),
    "lgb calibrated frame": partial(frame, L.LGBMClassifier, calibrated),
    "cat voting": partial(within, voting, C.CatBoostClassifier),
}
CASES: dict[str, Callable[[], Case]] = {
    "xgb two": partial(plain, X.XGBClassifier),
    "xgb holes": partial(plain, X.XGBClassifier, holes=True),
    "xgb three": partial(plain, X.XGBClassifier, three),
    "xgb stopped": partial(
        plain, X.XGBClassifier, n_estimators=300, early_stopping_rounds=3,
        fit=lambda rows, target: {**halves(rows, target), "verbose": False},
    ),
    "xgb dart": partial(plain, X.XGBClassifier, booster="dart", rate_drop=0.3),
    "xgb forest": partial(plain, X.XGBRFClassifier, three),
    "xgb leaves alone": partial(plain, X.XGBClassifier, gamma=1e9, base_score=0.9),
    "xgb number": partial(plain, X.XGBRegressor, numbers),
    "xgb counts": partial(plain, X.XGBRegressor, numbers, objective="count:poisson"),
    "xgb share": partial(
        plain, X.XGBRegressor, numbers, objective="reg:logistic", labels=lambda one: one / 400
    ),
    "xgb pairs": partial(plain, X.XGBRegressor, numbers, labels=pairs),
    "xgb ranks": partial(
        plain, X.XGBRanker, numbers, labels=lambda one: (one // 100).astype(int), fit=queries(20)
    ),
    "xgb categories": partial(categories, X.XGBClassifier, enable_categorical=True),
    "xgb category by category": partial(
        categories, X.XGBClassifier, enable_categorical=True, max_cat_to_onehot=10
    ),
    "xgb pipeline": partial(piped, X.XGBClassifier),
    "xgb sparse": partial(sparse, X.XGBClassifier),
    "lgb two": partial(plain, L.LGBMClassifier),
    "lgb holes": partial(plain, L.LGBMClassifier, holes=True),
    "lgb zeros missing": partial(plain, L.LGBMClassifier, zeros, zero_as_missing=True),
    "lgb holes as zeros": partial(plain, L.LGBMClassifier, holes=True, use_missing=False),
    "lgb three texts": partial(
        plain, L.LGBMClassifier, three, labels=lambda one: np.array(["x", "y", "z"])[one]
    ),
    "lgb stopped": partial(
        plain, L.LGBMClassifier, n_estimators=300,
        fit=lambda rows, target: {
            **halves(rows, target), "callbacks": [L.early_stopping(3, verbose=False)]
        },
    ),
    "lgb forest": partial(
        plain, L.LGBMClassifier, boosting_type="rf", subsample=0.5, subsample_freq=1
    ),
    "lgb dart": partial(plain, L.LGBMClassifier, boosting_type="dart"),
    "lgb slope": partial(plain, L.LGBMClassifier, sigmoid=2.0),
    "lgb one against all": partial(plain, L.LGBMClassifier, three, objective="multiclassova"),
    "lgb leaves alone": partial(plain, L.LGBMClassifier, min_child_samples=10_000),
    "lgb number": partial(plain, L.LGBMRegressor, numbers),
    "lgb root": partial(plain, L.LGBMRegressor, numbers, reg_sqrt=True),
    "lgb counts": partial(plain, L.LGBMRegressor, numbers, objective="poisson"),
    "lgb ranks": partial(
        plain, L.LGBMRanker, numbers, labels=lambda one: (one // 100).astype(int),
        fit=lambda rows, target: {"group": [len(rows)]},
    ),
    "lgb categories": partial(categories, L.LGBMClassifier),
    "lgb pipeline": partial(piped, L.LGBMClassifier),
    "lgb sparse": partial(sparse, L.LGBMClassifier),
    "cat two": partial(plain, C.CatBoostClassifier),
    "cat holes least": partial(plain, C.CatBoostClassifier, holes=True),
    "cat holes greatest": partial(plain, C.CatBoostClassifier, holes=True, nan_mode="Max"),
    "cat three": partial(plain, C.CatBoostClassifier, three),
    "cat two texts": partial(
        plain, C.CatBoostClassifier, labels=lambda one: np.array(["no", "yes"])[one]
    ),
    "cat levels": partial(plain, C.CatBoostClassifier, grow_policy="Depthwise"),
    "cat leaves": partial(plain, C.CatBoostClassifier, three, grow_policy="Lossguide"),
    "cat one against all": partial(
        plain, C.CatBoostClassifier, three, loss_function="MultiClassOneVsAll"
    ),
    "cat number": partial(plain, C.CatBoostRegressor, numbers),
    "cat counts": partial(plain, C.CatBoostRegressor, numbers, loss_function="Poisson"),
    "cat pairs": partial(
        plain, C.CatBoostRegressor, numbers, labels=pairs, loss_function="MultiRMSE"
    ),
    "cat pipeline": partial(piped, C.CatBoostClassifier),
    "cat sparse": partial(sparse, C.CatBoostClassifier),
}  # fmt: skip
UNREAD: dict[str, Callable[[], Case]] = {
    "xgb lines": partial(plain, X.XGBClassifier, booster="gblinear"),
    "lgb lines in leaves": partial(plain, L.LGBMRegressor, numbers, linear_tree=True),
    "cat quantiles": partial(
        plain, C.CatBoostRegressor, numbers, loss_function="RMSEWithUncertainty"
    ),
}


def thresholds(case: Case) -> Iterator[tuple[int, float]]:
    """All that a model alone compares, by its library's own account, by the place of the input."""
    model, names = case.model, list(case.rows.columns)
    if isinstance(model, xgboost.XGBModel) and model.booster != "gblinear":
        found = model.get_booster().trees_to_dataframe()
        found = found[found.Feature != "Leaf"].dropna(subset=["Split"])
        compared = zip(found.Feature, found.Split, strict=True)
        yield from ((_place(name, "f", names), float(at)) for name, at in compared)
    elif isinstance(model, lightgbm.LGBMModel):
        found = model.booster_.trees_to_dataframe().dropna(subset=["threshold"])
        compared = zip(found.split_feature, found.threshold, strict=True)
        yield from (
            (_place(name, "Column_", names), float(at))
            for name, at in compared
            if "||" not in str(at)
        )
    elif isinstance(model, catboost.CatBoost):
        yield from ((one, at) for one, several in model.get_borders().items() for at in several)


def _place(name: str, made_up: str, names: list[str]) -> int:
    names = [one.replace(" ", "_") for one in names] if made_up == "Column_" else names
    return names.index(name) if name in names else int(name.removeprefix(made_up))


def around(case: Case) -> pd.DataFrame:
    """Rows of the sample in which values are on and beside thresholds, missing, or others."""
    chance = np.random.default_rng(0)
    made = case.rows.iloc[chance.integers(len(case.rows), size=ROWS)].reset_index(drop=True)
    for name in made.columns:  # values of other rows
        changed = chance.random(ROWS) < 0.3
        made.loc[changed, name] = chance.permutation(made[name].to_numpy())[changed]
    other = {place for place, kind in enumerate(case.rows.dtypes) if not is_float_dtype(kind)}
    compared = sorted({one for one in thresholds(case) if one[0] not in other})
    step = max(1, len(compared) // EDGES)
    row = 0
    for feature, at in compared[::step]:
        with np.errstate(over="ignore"):
            single = np.float32(at)
            near = [at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf), float(single)]
            near += [float(np.nextafter(single, np.float32(end))) for end in (-np.inf, np.inf)]
        for value in filter(np.isfinite, near):
            made.iloc[row % ROWS, feature] = value
            row += 1
    for name in made.select_dtypes("float").columns:
        for value in (0.0, -0.0, 1e-36, -1e-35, 1e9, *((np.nan,) if case.holes else ())):
            made.loc[chance.random(ROWS) < 0.01, name] = value
    return made
