"""A typical training script, the model that it saves, and its code in an artifact."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRIPT = '''
import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

LEAST = 1e-3
open("ran", "a").write("x")


def away_from_zero(values):
    return np.abs(values) + LEAST


class Ratio(TransformerMixin, BaseEstimator):
    """The ratio of two columns, beside them."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        X = np.asarray(X, dtype=float)
        return np.column_stack([X, X[:, 0] / away_from_zero(X[:, 1])])


def unused():
    return pd


if __name__ == "__main__":
    rows = np.random.default_rng(0).normal(size=(200, 2))
    target = (rows[:, 0] > rows[:, 1]).astype(int)
    model = make_pipeline(Ratio(), LogisticRegression()).fit(rows, target)
    joblib.dump(model, "model.joblib")
    pd.DataFrame(rows, columns=["one", "other"]).assign(y=target).to_csv("rows.csv", index=False)
    np.save("expected.npy", model.predict_proba(rows))
'''


def saved(folder: Path) -> Path:
    """The folder with `readings.py`, the model whose class is in `__main__`, and its rows."""
    (folder / "readings.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "readings.py"], cwd=folder, check=True)
    (folder / "ran").unlink()
    return folder


@contextmanager
def forgotten() -> Iterator[None]:
    """Remove the imported modules of artifacts from this process, before and after the block."""
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    sys.meta_path[:] = [one for one in sys.meta_path if not _is_own(type(one))]
    for name, module in list(sys.modules.items()):
        if _is_own(type(getattr(module, "__loader__", None))):
            del sys.modules[name]


def _is_own(kind: type) -> bool:
    return kind.__module__.endswith("own_code")
