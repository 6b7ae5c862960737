"""The models that every peer serves, and their rows. They are made once, from a fixed seed."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROOT = Path(__file__).parent.parent
MAX_ROWS = 10_000  # in a request
TRAINING_ROWS = 3_000
REGIONS = ("north", "east", "south", "west", "centre")
PLANS = ("basic", "plus", "full")


@dataclass(frozen=True, slots=True)
class Model:
    """A model by name; `kind` is numbers (fitted on an array) or mixed (on a DataFrame)."""

    name: str
    title: str
    kind: str
    build: Callable[[], Any]


def mixed_pipeline() -> Any:
    """Scales numbers, encodes categories."""
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["age", "income", "visits"]),
            ("categories", OneHotEncoder(handle_unknown="ignore"), ["region", "plan"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression())


MODELS = {
    model.name: model
    for model in (
        Model(
            "logistic",
            "logistic regression (scaled, 2 inputs)",
            "numbers",
            lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        ),
        Model(
            "forest",
            "forest of 100 trees (2 inputs)",
            "numbers",
            lambda: RandomForestClassifier(100, max_depth=8, random_state=0),
        ),
        Model(
            "boosting",
            "histogram boosting (2 inputs)",
            "numbers",
            lambda: HistGradientBoostingClassifier(random_state=0),
        ),
        Model("mixed", "mixed-type pipeline (3 numbers, 2 categories)", "mixed", mixed_pipeline),
    )
}


def rows(kind: str) -> tuple[pd.DataFrame, pd.Series]:
    """MAX_ROWS rows, and a target of 0.0 or 1.0 for each."""
    dice = np.random.default_rng(0)
    noise = dice.normal(0, 0.3, MAX_ROWS)
    if kind == "numbers":
        table = pd.DataFrame(
            {name: dice.normal(0, 2, MAX_ROWS).round(3) for name in ("sensor_1", "sensor_2")}
        )
        return table, (table.sensor_1 - table.sensor_2 + noise > 1).astype(float)
    table = pd.DataFrame(
        {
            "age": dice.uniform(18, 90, MAX_ROWS).round(1),
            "income": dice.lognormal(10, 0.5, MAX_ROWS).round(0),
            "visits": dice.integers(0, 40, MAX_ROWS),
            "region": dice.choice(REGIONS, MAX_ROWS),
            "plan": dice.choice(PLANS, MAX_ROWS),
        }
    )
    score = table.visits / 20 + (table.plan == "full") - table.age / 60 + noise
    return table, (score > 0.3).astype(float)


@dataclass(frozen=True, slots=True)
class Made:
    """A fitted model on disk, the rows of the requests, and its predictions for them."""

    model: Model
    file: Path
    sample: Path
    table: pd.DataFrame
    answers: list[float]


def pack(made: Made, artifact: Path, engine: str) -> str:
    """Pack the model by the command line. Return the error; empty if it is packed."""
    own = ["pack", made.file, "--sample", made.sample, "--engine", engine, "--out", artifact]
    command = [sys.executable, "-m", "slipway", *map(str, own)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


def make(model: Model, folder: Path) -> Made:
    """Fit the model and save it with the installed scikit-learn."""
    folder.mkdir(parents=True, exist_ok=True)
    table, target = rows(model.kind)
    given: Any = table if model.kind == "mixed" else table.to_numpy()
    estimator = model.build().fit(given[:TRAINING_ROWS], target[:TRAINING_ROWS])
    file, sample = folder / "model.joblib", folder / "sample.csv"
    joblib.dump(estimator, file)
    table.to_csv(sample, index=False)
    return Made(model, file, sample, table, estimator.predict(given).tolist())
