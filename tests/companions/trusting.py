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


def target_encoded() -> Any:
    """A model behind category_encoders."""
    return encoded(category_encoders.TargetEncoder(cols=["town"]))


def engineered() -> Any:
    """A model behind two steps of feature-engine."""
    imputer = imputation.MeanMedianImputer(variables=["pay"])
    return encoded(imputer, encoding.OneHotEncoder(variables=["town"]))


MODELS: dict[str, Callable[[], Any]] = {
    "sampler": sampled,
    "category_encoders": target_encoded,
    "feature-engine": engineered,
    "cat_features": with_categories,
}


def packed(arguments: list[str]) -> tuple[int, str]:
    """The exit code and what is printed."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        return main(arguments), told.getvalue()


def tried(make: Callable[[], Any], folder: Path, rows: Frame, target: Any) -> list[Any]:
    """How often it was packed, the engine, the largest difference, and what was printed last."""
    folder.mkdir()
    model = make().fit(rows, target)
    joblib.dump(model, folder / "model.joblib")
    rows.to_csv(folder / "rows.csv", index=False)
    sample, out = str(folder / "rows.csv"), str(folder / "artifact")
    given = ["pack", str(folder / "model.joblib"), "--sample", sample, "--out", out, "--no-report"]
    code, told = packed(given)
    times = 1
    if code:
        given = shlex.split(told.strip().splitlines()[-1].partition("them: ")[2])[1:]
        code, told = packed(given)
        times = 2
    if code:
        return [times, "refused", None, told]
    trusted = [one for place, one in enumerate(given) if given[place - 1] == "--trust"]
    needed = trusted if "SERVICE_TRUSTED_MODULES" in told else []
    predictor = Predictor.load(folder / "artifact", needed)
    columns = {
        one.name: as_column(rows[one.name].tolist(), one.dtype)
        for one in predictor.signature.inputs
    }
    found = np.array(predictor.predict(columns, True)["probabilities"])
    difference = float(np.abs(found - model.predict_proba(rows)).max())
    return [times, predictor.manifest.engine, difference, told]


def run(folder: Path) -> None:
    """Try all of them."""
    rows, target = table()
    rows = rows.assign(pay=rows.pay.fillna(0.0))
    numbers = rows[["age", "pay"]]
    found = {
        name: partial(tried, make)(folder / name, numbers if name == "sampler" else rows, target)
        for name, make in MODELS.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(Path(sys.argv[1]))
