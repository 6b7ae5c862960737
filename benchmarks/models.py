"""The models that every peer serves, and their rows: made once, from a fixed seed."""

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
LARGEST = 10_000
TRAINED_ON = 3_000  # rows
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
    """Numbers scaled, categories encoded."""
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
    """10,000 rows, and 0.0 or 1.0 for each."""
    dice = np.random.default_rng(0)
    noise = dice.normal(0, 0.3, LARGEST)
    if kind == "numbers":
        table = pd.DataFrame(
            {name: dice.normal(0, 2, LARGEST).round(3) for name in ("sensor_1", "sensor_2")}
        )
        return table, (table.sensor_1 - table.sensor_2 + noise > 1).astype(float)
    table = pd.DataFrame(
        {
            "age": dice.uniform(18, 90, LARGEST).round(1),
            "income": dice.lognormal(10, 0.5, LARGEST).round(0),
            "visits": dice.integers(0, 40, LARGEST),
            "region": dice.choice(REGIONS, LARGEST),
            "plan": dice.choice(PLANS, LARGEST),
        }
    )
    score = table.visits / 20 + (table.plan == "full") - table.age / 60 + noise
    return table, (score > 0.3).astype(float)


@dataclass(frozen=True, slots=True)
class Made:
    """A fitted model on disk, and the rows that will be sent, with its own answers."""

    model: Model
    file: Path
    sample: Path
    table: pd.DataFrame
    answers: list[float]


def pack(made: Made, artifact: Path, engine: str) -> str:
    """Pack it for this service, as its users do; nothing, or why that cannot be."""
    own = ["pack", made.file, "--sample", made.sample, "--engine", engine, "--out", artifact]
    command = [sys.executable, "-m", "slipway", *map(str, own)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


def make(model: Model, folder: Path) -> Made:
    """Fit it and save it with the scikit-learn that is installed here."""
    folder.mkdir(parents=True, exist_ok=True)
    table, target = rows(model.kind)
    given: Any = table if model.kind == "mixed" else table.to_numpy()
    estimator = model.build().fit(given[:TRAINED_ON], target[:TRAINED_ON])
    file, sample = folder / "model.joblib", folder / "sample.csv"
    joblib.dump(estimator, file)
    table.to_csv(sample, index=False)
    return Made(model, file, sample, table, estimator.predict(given).tolist())
