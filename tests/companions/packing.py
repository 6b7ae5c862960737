"""Fit models, save them, pack them by the command, and note what their library answers.

Run as `python -m tests.companions.packing FOLDER [GROUP]` where the libraries are installed. A
group is `FRAMES` or `WITHIN` of `cases.py`; without one, these are `CASES` and `UNREAD`.
"""

import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from tests.companions import cases
from tests.companions.cases import CASES, UNREAD, Case, around
from training.__main__ import main


def answers(case: Case, rows: pd.DataFrame) -> dict[str, Any]:
    """What the library answers, with nothing of Slipway in between."""
    model = pickle.loads(pickle.dumps(case.model))  # noqa: S301 (our own; as it is loaded)
    fed = case.fed(rows)
    found = {"predict": np.asarray(model.predict(fed))}
    if hasattr(model, "predict_proba"):
        found["probabilities"] = np.asarray(model.predict_proba(fed))
    return found


def pack(case: Case, folder: Path, engine: str) -> int:
    """Pack a model; the exit code. Beside the artifact are rows and what they should give."""
    folder.mkdir(parents=True)
    joblib.dump(case.model, folder / "model.joblib")
    target = pd.DataFrame(case.target).add_prefix("y")
    sample = pd.concat([case.rows, target], axis=1)
    sample.to_csv(folder / "rows.csv", index=False)
    rows = around(case)
    rows.to_pickle(folder / "around.pickle")
    right = answers(case, rows)
    joblib.dump(right, folder / "answers.joblib")
    width = right["predict"].shape[1] if right["predict"].ndim == 2 else 1
    has_targets = width == len(target.columns)
    return main(
        [
            *("pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")),
            *("--target" if has_targets else "--ignore", ",".join(target.columns)),
            *("--out", str(folder / "artifact")),
            *("--engine", engine, "--no-report"),
        ]
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    into, *groups = Path(sys.argv[1]), *sys.argv[2:]
    if groups:
        made = {name: (make, "auto") for name, make in getattr(cases, groups[0]).items()}
    else:
        made = {name: (make, "onnx") for name, make in CASES.items()}
        made |= {name: (make, "auto") for name, make in UNREAD.items()}
    failed = [name for name, (make, engine) in made.items() if pack(make(), into / name, engine)]
    print("failed:", failed, file=sys.stderr)
    sys.exit(bool(failed))
