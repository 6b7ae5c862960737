"""How long it takes from a model file of another release or library to a right answer by curl.

Run as `python -m tests.versions.stranger [NAME ...]`. The environments of the releases are made
before, as a warm cache of packages would have them. Each model is served by `slipway serve`, which
packs it, and asked by curl for the first row of its sample. The exit code is 1 if an answer is not
that of the library which saved the model, or takes more than a minute.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import pandas as pd

from tests.support.serving import ROOT, clean_environment
from tests.versions.grid import CACHE, saved, there

MODELS = {  # the release of scikit-learn and the family of `families.py`
    "0.24.2 forest": ("0.24.2", "forest"),
    "1.0.2 columns": ("1.0.2", "columns"),
    "1.2.2 histogram boosting": ("1.2.2", "histogram boosting"),
    "1.3.2 text": ("1.3.2", "text"),
    "1.5.2 boosting of three": ("1.5.2", "boosting of three"),
    "1.8.0 stochastic gradient": ("1.8.0", "stochastic gradient"),
}
LIBRARIES = {"XGBoost": "xgb two", "CatBoost": "cat three"}  # cases of tests/companions
COMPANIONS = ROOT / ".venv/companions/bin/python"
SECONDS = 60.0
GIVEN_UP_SECONDS = 600.0
TRUTH = """
import json, sys, warnings
warnings.simplefilter("ignore")
import joblib, pandas
model, rows, names = joblib.load(sys.argv[1]), pandas.read_csv(sys.argv[2]), sys.argv[3:]
frame = rows.drop(columns=[one for one in rows if one.startswith("y")])[:1]
given = {"frame": frame, "array": frame.to_numpy(), "list": frame.iloc[:, 0].tolist()}[names[0]]
print(json.dumps(model.predict_proba(given).tolist()))
"""
LIBRARY = """
import sys, pathlib, joblib, pandas
from tests.companions.cases import CASES
folder, case = pathlib.Path(sys.argv[1]), CASES[sys.argv[2]]()
folder.mkdir()
joblib.dump(case.model, folder / "model.joblib")
target = pandas.DataFrame(case.target).add_prefix("y")
case.rows.assign(y=target.iloc[:, 0]).to_csv(folder / "rows.csv", index=False)
"""


def served(folder: Path, python: Path, truth: Path, container: str) -> tuple[float, Any, Any]:
    """Seconds from the file to the answer of curl, this answer, and the right one."""
    model, rows = folder / "model.joblib", folder / "rows.csv"
    right = json.loads(_output([truth, "-c", TRUTH, model, rows, container]))
    row = pd.read_csv(rows).iloc[0].drop("y").to_dict()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "training", "serve", model, "--sample", rows, "--port", str(port)]
    environment = clean_environment() | {"XDG_CACHE_HOME": str(CACHE)}
    start = time.monotonic()
    with subprocess.Popen(
        [*map(str, command), "--target", "y"], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=sys.stderr,
    ) as process:  # fmt: skip
        try:
            while not _is_healthy(port) and process.poll() is None:
                if time.monotonic() > start + GIVEN_UP_SECONDS:
                    raise TimeoutError(str(folder))
                time.sleep(0.1)
            url = f"http://127.0.0.1:{port}/predict?probabilities=true"
            body = json.dumps({"instances": [row]})
            kind = "Content-Type: application/json"
            answer = json.loads(_output(["curl", "-s", url, "-H", kind, "-d", body]))
            seconds = time.monotonic() - start
        finally:
            process.terminate()
    return seconds, answer.get("probabilities", answer), right


def _output(command: list[Any]) -> str:
    ended = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
    return ended.stdout.splitlines()[-1]


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def run() -> int:
    """Print a table; the exit code."""
    wrong = 0
    shutil.rmtree(CACHE / "slipway/packed", ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        for title in sys.argv[1:] or [*MODELS, *LIBRARIES]:
            folder = Path(name) / title
            if title in LIBRARIES:
                environment = os.environ | {"PYTHONPATH": str(ROOT)}
                command = [str(COMPANIONS), "-c", LIBRARY, str(folder), LIBRARIES[title]]
                subprocess.run(command, check=True, env=environment)
                found = served(folder, COMPANIONS, COMPANIONS, "array")
            else:
                release, family = MODELS[title]
                folder = saved(release, folder, family) / family
                container = {"columns": "frame", "text": "list"}.get(family, "array")
                found = served(folder, Path(sys.executable), there(release).python, container)
            seconds, answer, right = found
            same = all(
                abs(one - other) <= 1e-5
                for some, others in zip(answer, right, strict=True)
                for one, other in zip(some, others, strict=True)
            )
            wrong += not same or seconds > SECONDS
            print(f"| {title} | {seconds:.0f} s | {'right' if same else 'WRONG'} |", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(run())
