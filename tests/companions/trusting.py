"""Fit models with code of imbalanced-learn, category_encoders, feature-engine and CatBoost's
categories, pack them with what the first refusal names, and compare.

Run as `python -m tests.companions.trusting FOLDER` where the libraries are installed. The answer
is a line of JSON: for each model how often it was packed, the engine, and the largest difference.
"""

import contextlib
import io
import json
import shlex
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import catboost
import category_encoders  # type: ignore[import-untyped, import-not-found, unused-ignore]
import imblearn.over_sampling  # type: ignore[import-untyped, import-not-found, unused-ignore]
import imblearn.pipeline  # type: ignore[import-untyped, import-not-found, unused-ignore]
import joblib
import numpy as np
from feature_engine import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    encoding,
    imputation,
)
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model.predictor import Predictor, as_column
from slipway.command import main
from tests.companions.cases import QUIET, table

Frame = Any


def encoded(*transformers: Any) -> Any:
    """A pipeline of these transformers, and a model of two classes."""
    return make_pipeline(*transformers, LogisticRegression(max_iter=500))


def sampled() -> Any:
    """A pipeline with a sampler in its middle."""
    sampler = imblearn.over_sampling.SMOTE(random_state=0)
    return imblearn.pipeline.make_pipeline(StandardScaler(), sampler, LogisticRegression())


def with_categories() -> Any:
    """A model that encodes a column of text itself."""
    return catboost.CatBoostClassifier(n_estimators=20, cat_features=["town"], **QUIET["catboost"])


def by_town(kind: Any, **options: Any) -> Any:
    """A model behind an encoder of category_encoders."""
    return encoded(kind(cols=["town"], **options))


def engineered(kind: Any, **options: Any) -> Any:
    """A model behind two steps of feature-engine."""
    imputer = imputation.MeanMedianImputer(variables=["pay"])
    return encoded(imputer, kind(variables=["town"], **options))


def rare() -> Any:
    """A model behind three steps of feature-engine and a scaler."""
    return encoded(
        imputation.ArbitraryNumberImputer(variables=["pay"], arbitrary_number=-9),
        encoding.RareLabelEncoder(variables=["town"], tol=0.2, n_categories=2),
        encoding.OneHotEncoder(variables=["town"]),
        StandardScaler(),
    )


def chosen() -> Any:
    """A model behind encoders of both libraries in a column transformer."""
    columns = make_column_transformer(
        (category_encoders.TargetEncoder(), ["town"]),
        (imputation.MeanMedianImputer(), ["age", "pay"]),
    )
    return make_pipeline(columns, LogisticRegression(max_iter=500))


MODELS: dict[str, Callable[[], Any]] = {
    "sampler": sampled,
    "cat_features": with_categories,
    "ce ordinal": partial(by_town, category_encoders.OrdinalEncoder),
    "ce target": partial(by_town, category_encoders.TargetEncoder),
    "ce one-hot": partial(by_town, category_encoders.OneHotEncoder),
    "ce binary": partial(by_town, category_encoders.BinaryEncoder),
    "ce count": partial(by_town, category_encoders.CountEncoder, handle_unknown=0),
    "ce CatBoost": partial(by_town, category_encoders.CatBoostEncoder),
    "ce James-Stein": partial(by_town, category_encoders.JamesSteinEncoder),
    "ce leave one out": partial(by_town, category_encoders.LeaveOneOutEncoder),
    "ce evidence": partial(by_town, category_encoders.WOEEncoder),
    "ce hashes": partial(by_town, category_encoders.HashingEncoder, n_components=4),
    "fe one-hot": partial(engineered, encoding.OneHotEncoder),
    "fe ordinal": partial(
        engineered, encoding.OrdinalEncoder, encoding_method="arbitrary", unseen="encode"
    ),
    "fe mean": partial(engineered, encoding.MeanEncoder, unseen="encode"),
    "fe count": partial(engineered, encoding.CountFrequencyEncoder, unseen="encode"),
    "fe similarity": partial(engineered, encoding.StringSimilarityEncoder),
    "fe rare": rare,
    "both in columns": chosen,
}
WHOLE = ("ce ", "cat_features")  # these take no missing numbers


def packed(arguments: list[str]) -> tuple[int, str]:
    """The exit code and what is printed."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        return main(arguments), output.getvalue()


def tried(make: Callable[[], Any], folder: Path, rows: Frame, target: Any) -> list[Any]:
    """How often it was packed, the engine, the largest difference, and what was printed last."""
    folder.mkdir()
    model = make().fit(rows, target)
    joblib.dump(model, folder / "model.joblib")
    rows.to_csv(folder / "rows.csv", index=False)
    sample, out = str(folder / "rows.csv"), str(folder / "artifact")
    given = ["pack", str(folder / "model.joblib"), "--sample", sample, "--out", out, "--no-report"]
    code, output = packed(given)
    times = 1
    if code:
        line = output.strip().splitlines()[-1].partition(" trust ")[2].partition(": ")[2]
        words = shlex.split(line)
        given = words[words.index("pack") :]  # what is before it is how Slipway is called here
        code, output = packed(given)
        times = 2
    if code:
        return [times, "refused", None, output]
    trusted = [one for place, one in enumerate(given) if given[place - 1] == "--trust"]
    needed = trusted if "SERVICE_TRUSTED_MODULES" in output else []
    predictor = Predictor.load(folder / "artifact", needed)
    columns = {
        one.name: as_column(rows[one.name].tolist(), one.dtype)
        for one in predictor.signature.inputs
    }
    found = np.array(predictor.predict(columns, True)["probabilities"])
    difference = float(np.abs(found - model.predict_proba(rows)).max())
    return [times, predictor.manifest.engine, difference, output]


def run(folder: Path) -> None:
    """Try all of them."""
    rows, target = table()
    whole = rows.assign(pay=rows.pay.fillna(0.0))
    found = {}
    for name, make in MODELS.items():
        given = whole if name.startswith(WHOLE) else rows
        given = whole[["age", "pay"]] if name == "sampler" else given
        found[name] = tried(make, folder / name, given, target)
    print(json.dumps(found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(Path(sys.argv[1]))
