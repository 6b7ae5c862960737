"""Loads and calls estimators inside the guard, in a process with few imports.

`python -m tests.support.guarded FOLDER` does this for the files of a folder, which `tried` writes.
One process loads all of them, so a library initialises itself inside the guard only for the first.
With `--alone` each has its own process, which takes minutes.
"""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import joblib

from service.model import engines, unpickling
from service.model.artifact import SCIKIT_LEARN
from service.model.audit import no_effects
from service.model.signature import Signature
from tests.support.serving import ROOT

ESTIMATORS = ("models", "scikit-learn")
TRUSTED = ["numpy", "pandas", "scipy", "sklearn"]  # the allow-list is not tested here
ASKED = ("predict", "predict_proba", "decision_function", "transform")


def tried(kind: str, folder: Path, *options: str) -> list[str]:
    """The errors of all estimators of a kind; fails if there are no such estimators."""
    from tests.support.estimators import fitted  # imports all of scikit-learn

    count = 0
    for count, (name, estimator, rows) in enumerate(fitted(kind), 1):
        joblib.dump((estimator, name), folder / f"{count}.model")
        joblib.dump(rows, folder / f"{count}.rows")
    assert count > 40
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.guarded", str(folder), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["tried"] == count
    return list(answer["wrong"])


def _alone(paths: Sequence[Path]) -> Iterator[str]:
    """Each in a forked process."""
    for path in paths:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, _one(path).encode()[:1000])
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader) as answer:
            yield answer.read()
        os.waitpid(child, 0)


def _one(path: Path) -> str:
    """`ok`, or the refusal."""
    rows, content = joblib.load(path.with_suffix(".rows")), path.read_bytes()
    try:
        with no_effects():
            estimator, name = unpickling.load(content, TRUSTED)
            for ask in filter(lambda ask: hasattr(estimator, ask), ASKED):
                getattr(estimator, ask)(rows)
    except Exception as error:
        return f"{path.name}: {type(error).__name__}: {error}"
    return f"ok {name}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    engines.prepare(SCIKIT_LEARN, Signature(container="frame", inputs=(), outputs=()))
    paths = sorted(Path(sys.argv[1]).glob("*.model"))
    found = list(_alone(paths) if sys.argv[2:] == ["--alone"] else map(_one, paths))
    wrong = [one for one in found if not one.startswith("ok ")]
    print(json.dumps({"tried": len(found), "wrong": wrong}))
