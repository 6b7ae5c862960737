"""`slipway pack` and `inspect`: what they say, and what they refuse in one line."""

import gzip
import json
import os
import pickle
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from service.model.locked import LOCK
from tests.support.model_cases import MACHINES
from tests.support.packed import packed
from tests.test_unpickling import Calls
from training import commands
from training.__main__ import main

TEXT = pd.DataFrame({"kind": ["pump", "fan"] * 10, "age": range(20)})
LABELS = ["yes", "no"] * 10


class Own(BaseEstimator):  # type: ignore[misc]
    """An estimator of no library."""

    def fit(self, rows: Any, target: Any) -> "Own":
        self.seen_ = len(rows)
        return self

    def predict(self, rows: Any) -> Any:
        return np.zeros(len(rows))


@pytest.fixture
def packing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Save a model and rows, pack them: the exit code and all that was printed."""

    def run(model: Any, rows: pd.DataFrame, *more: str) -> tuple[int, str]:
        if model is not None:
            joblib.dump(model, tmp_path / "model.joblib")
        rows.to_csv(tmp_path / "rows.csv", index=False)
        command = ["pack", tmp_path / "model.joblib", "--sample", tmp_path / "rows.csv"]
        code = main([*map(str, command), "--out", str(tmp_path / "artifact"), *more])
        printed = capsys.readouterr()
        if code:
            assert printed.out == ""
            assert printed.err.count("\n") == 1
            assert not (tmp_path / "artifact").exists()
        return code, printed.out + printed.err

    return run


Packing = Callable[..., tuple[int, str]]


def mixed() -> Any:
    return make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())


def test_pack_prints_what_it_inferred_and_how_to_try_it(packing: Packing, tmp_path: Path) -> None:
    rows = TEXT.assign(site="Oslo", answer=LABELS)
    rows.loc[0, "kind"] = "press"
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), KNeighborsClassifier(n_jobs=2))
    code, said = packing(model.fit(rows[["kind", "site"]], LABELS), rows, "--target", "answer")
    assert code == 0
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "kind category or null fan, press, pump, and any other" in lines
    assert "answer category one of no, yes, probabilities" in lines
    assert "note: site is Oslo in every row of the sample" in lines
    assert "note: kind is press only once in the sample" in lines
    assert "note: n_jobs of KNeighborsClassifier is 1 for serving: a worker has one core" in lines
    assert f"serve it: {sys.executable} -m slipway serve {tmp_path / 'artifact'}" in lines
    assert any(line.startswith("try it: ") for line in lines)


def test_what_pack_refuses(packing: Packing) -> None:
    fitted = mixed().fit(TEXT, LABELS)
    numbers = LogisticRegression().fit(TEXT[["age"]].to_numpy(), LABELS)
    answered = TEXT.assign(answer=LABELS)
    for model, rows, more, complaint in [
        ({"not": "a model"}, TEXT, (), "holds a dict, which is no scikit-learn estimator: dump a"),
        (
            {"m": numbers, "n": numbers},
            *(TEXT, (), "its key 'm' is a LogisticRegression; dump that alone"),
        ),
        ((numbers, 1, fitted), TEXT, (), "its item 0 is a LogisticRegression; dump that alone"),
        (pickle.dumps(numbers), TEXT, (), "dump the object itself, and not pickle.dumps of it"),
        (LogisticRegression, TEXT, (), "holds the name sklearn.linear_model._logistic.LogisticReg"),
        (mixed(), TEXT, (), "is not fitted"),
        (StandardScaler().fit(TEXT[["age"]]), TEXT, (), "without predict"),
        (fitted, TEXT, ("--target", "answer"), "the sample has no column answer"),
        (
            fitted,
            TEXT[["age"]],
            (),
            "has no column kind, which the model was fitted on; it has age",
        ),
        (fitted, TEXT.rename(columns={"kind": "kinds"}), (), "was fitted on; is it kinds?"),
        (numbers, TEXT, (), "has 2 columns (kind, age), the model takes 1; name the target with"),
        (numbers, TEXT[["kind"]], (), "cannot predict the rows of the sample"),
        (
            LogisticRegression().fit(pd.concat([TEXT[["age"]]] * 5, axis=1).to_numpy(), LABELS),
            TEXT[["kind"]],
            (),
            "makes its inputs from kind, give both files, in this order: slipway pack VECTORIZER",
        ),
        (Own().fit(TEXT, LABELS), answered, (), "needs tests.test_commands.Own"),
    ]:
        code, said = packing(model, rows, *more)
        assert (code, complaint in said) == (65, True), said
        assert said.startswith("slipway: ")


def test_the_index_of_pandas_is_no_input_of_an_array(tmp_path: Path) -> None:
    rows = TEXT[["age"]].assign(load=range(20, 0, -1))
    joblib.dump(LogisticRegression().fit(rows.to_numpy(), LABELS), tmp_path / "model.joblib")
    rows.to_csv(tmp_path / "rows.csv")
    command = ["pack", str(tmp_path / "model.joblib"), "--sample", str(tmp_path / "rows.csv")]
    assert main([*command, "--no-report", "--out", str(tmp_path / "a")]) == 0
    names = json.loads((tmp_path / "a/manifest.json").read_text())["signature"]["inputs"]
    assert [one["name"] for one in names] == ["age", "load"]


def test_a_column_that_is_there_twice_is_refused(packing: Packing) -> None:
    twice = pd.concat([TEXT, TEXT[["age"]]], axis=1)
    code, said = packing(mixed().fit(TEXT, LABELS), twice)
    assert code == 65
    assert "column age occurs more than once" in said


def test_a_class_of_ones_own_is_packed_if_it_is_trusted(packing: Packing) -> None:
    model = Own().fit(TEXT[["age"]].to_numpy(), LABELS)
    code, said = packing(model, TEXT[["age"]], "--trust", "tests.test_commands")
    assert code == 0, said
    assert "SERVICE_TRUSTED_MODULES=tests.test_commands" in said


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"age,kind\n", "is text"),
        (gzip.compress(pickle.dumps("x" * 500), mtime=0)[:-20], "is cut off"),
    ],
)
def test_a_file_that_is_no_model_is_refused(
    packing: Packing, tmp_path: Path, content: bytes, complaint: str
) -> None:
    (tmp_path / "model.joblib").write_bytes(content)
    code, said = packing(None, TEXT)
    assert (code, complaint in said) == (65, True), said


def test_a_missing_file_is_reported(packing: Packing) -> None:
    code, said = packing(None, TEXT)
    assert code == 66
    assert "model.joblib: cannot be read" in said


def test_a_model_of_another_scikit_learn_is_refused(packing: Packing, tmp_path: Path) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    content = pickle.dumps(model, protocol=2)
    here = model.__getstate__()["_sklearn_version"].encode()
    assert content.count(here) == 1
    (tmp_path / "model.joblib").write_bytes(content.replace(here, b"0.9.1"[: len(here)]))
    code, said = packing(None, TEXT[["age"]])
    assert code == 65
    assert "was saved by scikit-learn 0.9.1" in said


def test_inspect_lists_what_would_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trap = tmp_path / "trap"
    path = tmp_path / "model.joblib"
    path.write_bytes(
        gzip.compress(pickle.dumps([LogisticRegression(), Calls(os.mkdir, str(trap))]))
    )
    assert main(["inspect", str(path)]) == 65
    printed = capsys.readouterr()
    assert "    trusted  sklearn.linear_model._logistic.LogisticRegression" in printed.out
    assert "NOT trusted  posix.mkdir" in printed.out
    assert "1 of them are not trusted: posix.mkdir" in printed.err
    assert not trap.exists()


def test_inspect_lists_the_inputs_of_an_artifact(
    artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(artifact)]) == 0
    printed = capsys.readouterr().out
    assert "sensor_1  number  -6.37 to 8.79 in the sample" in printed
    assert "NOT" not in printed


def test_inspect_refuses_what_is_no_pickle(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(MACHINES)]) == 65
    assert "is a table in text" in capsys.readouterr().err
    assert main(["inspect", "nothing.joblib"]) == 66


def test_the_commands_that_pack_shows_can_be_typed_also_with_blanks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my models" / "a"
    model, rows = tmp_path / "model.joblib", tmp_path / "rows.csv"
    joblib.dump(mixed().fit(TEXT, LABELS), model)
    TEXT.to_csv(rows, index=False)
    assert main(["pack", str(model), "--sample", str(rows), "--out", str(out)]) == 0
    shown = re.findall(r"^(?:serve|try) it: +(.+)$", capsys.readouterr().out, re.MULTILINE)
    assert [shlex.split(one)[-1] for one in shown] == [str(out), str(out)]


def test_lines_for_an_artifact_with_a_lock_find_slipway_from_its_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = packed("sensors")[1].manifest
    [entry, *_] = manifest.files.values()
    locked = replace(manifest, files={LOCK: entry}, data={"rows": 3})
    commands._say(locked, tmp_path, trained=False)
    lines = re.findall(r"^(?:serve|try) it: +(PYTHONPATH=.*)$", capsys.readouterr().out, re.M)
    assert len(lines) == 2
    for line in lines:  # its Python has no Slipway: it is found in any folder
        command = f"{line.rpartition(' ')[0]} --help"
        ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
        assert ended.stdout.startswith("Usage: "), ended.stderr
