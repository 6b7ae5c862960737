"""Pack models on this machine; prove, serve and test them on emulated ARM64 processors."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service import prove
from service.model.predictor import Predictor
from tests.arm64 import emulation, served
from tests.support.model_cases import ModelCase, on_arrays
from tests.support.models import MODEL_CASES
from tests.support.packed import sensors
from training.pack import PackOptions, pack
from training.samples.sample import read

ROWS = 2000
TESTS = ("tests/test_any_body.py", "tests/test_buffers.py", "tests/test_numbers.py")
DEPENDENT = ("PCA and ridge regression", "perceptron, regression", "perceptron on digits")
Make = Callable[[], ModelCase]


def diabetes_of(*steps: Any) -> ModelCase:
    return on_arrays(make_pipeline(*steps), load_diabetes)


CASES: Mapping[str, Make] = {
    "sensor model": sensors,
    DEPENDENT[0]: lambda: diabetes_of(PCA(5), Ridge()),
    DEPENDENT[1]: lambda: diabetes_of(StandardScaler(), perceptron()),
    DEPENDENT[2]: lambda: on_arrays(perceptron(), load_digits),
    **{
        name: MODEL_CASES[name]
        for name in (
            "logistic regression, string labels",
            "linear discriminant analysis",
            "random forest",
            "gradient boosting",
            "histogram boosting",
            "nearest neighbours",
            "calibrated",
            "mixed table, open categories",
            "text",
        )
    },
}
PROVE_ALL = """
import sys
from service import prove
for folder in sys.argv[2:]:
    print(prove.run(folder, int(sys.argv[1]), True)[0].replace("\\n", ""), flush=True)
"""


def perceptron() -> MLPRegressor:
    return MLPRegressor(hidden_layer_sizes=(32,), max_iter=300, random_state=0)


def main() -> int:
    """Return 1 if a proof fails, or one body got two answers."""
    parser = argparse.ArgumentParser(prog="make arm64", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of each proof")
    parser.add_argument("--skip-tests", action="store_true", help="do not run tests of parsers")
    given = parser.parse_args()
    emulation.prepare()
    failed = False
    with tempfile.TemporaryDirectory() as place:
        folders = {name: packed(Path(place), name) for name in CASES}
        here = {
            name: json.loads(prove.run(str(one), given.rows, True)[0])
            for name, one in folders.items()
        }
        table: dict[str, dict[str, dict[str, Any]]] = {"here": here}
        for processor in emulation.PROCESSORS:
            arguments = ["-c", PROVE_ALL, str(given.rows), *map(str, folders.values())]
            lines = emulation.output(processor, arguments, SERVICE_LOAD_SECONDS="600").splitlines()
            table[processor] = dict(zip(folders, map(json.loads, lines), strict=True))
        print(rendered(table))
        failed |= any(not one["passed"] for part in table.values() for one in part.values())
        for processor in emulation.PROCESSORS:
            for name in DEPENDENT:
                count, shares = served.answers(folders[name], processor)
                shared = Predictor.load(folders[name]).rows_independent
                print(
                    f"{name}, gunicorn on {processor}: {served.REQUESTS} requests over "
                    f"{served.CONNECTIONS} connections, {count} answers to one body; "
                    f"calls are {'' if shares else 'not '}shared there, "
                    f"{'' if shared else 'not '}shared here",
                    flush=True,
                )
                failed |= count != 1
    if not given.skip_tests:
        arguments = ["-m", "pytest", "-p", "no:cacheprovider", "-q", "-n0", *TESTS]
        emulated = emulation.command(*arguments)
        environment = emulation.environment(next(iter(emulation.PROCESSORS)))
        failed |= subprocess.run(emulated, env=environment, check=False).returncode != 0
    return int(failed)


def packed(place: Path, name: str) -> Path:
    """Pack a model on this machine. Return the artifact's folder."""
    case, folder = CASES[name](), place / name.replace(" ", "-")
    case.rows.to_csv(place / "rows.csv", index=False)
    sample = read(place / "rows.csv")
    options = PackOptions(report=False)
    pack(case.estimator, sample, targets=[], name=name, folder=folder, options=options)
    return folder


def rendered(table: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The results as a table of Markdown, with a line for each model and processor."""
    lines = [
        "| model | processor | golden rows | engines | independence |",
        "|---|---|---|---|---|",
    ]
    for name in CASES:
        for part in table.values():
            one = part[name]
            cells = " | ".join(
                proof["text"] if proof["state"] == "ok" else f"{proof['state']}: {proof['text']}"
                for proof in one["proofs"]
            )
            lines.append(f"| {name} | {one['proved_on']} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
