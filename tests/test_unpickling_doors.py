"""Every way that a model file comes in refuses the same programs: one line, exit 65, no effect."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from service.model import artifact
from service.model.artifact import ArtifactError
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from service.model.version import content_version
from tests.serving import ROOT
from tests.test_unpickling import Calls
from tests.test_unpickling_opcodes import REFUSED
from training.__main__ import main

# One of each kind, and a file that would leave a trace.
KINDS = (
    "GLOBAL of builtins in a module",
    "STACK_GLOBAL of a live dictionary",
    "REDUCE of a function that estimators keep",
    "BUILD of a class",
    "SETITEM of an estimator",
    "a state with a hidden attribute",
    "an array of objects from bytes",
    "an array wrapper with a dtype that is text",
    "a partial call of a class",
)
TRACE = "a call that leaves a trace"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that scikit-learn serves, so that each start unpickles it."""
    folder = tmp_path_factory.mktemp("packed")
    joblib.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), folder / "model.joblib")
    (folder / "rows.csv").write_text("x\n0.5\n0.1\n")
    command = ["pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")]
    assert main([*command, "--engine", "sklearn", "--out", str(folder / "artifact")]) == 0
    return folder


@pytest.fixture
def forge(packed: Path, tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    """Put another model file into a copy of the artifact, with a manifest that is true of it."""

    def forged(content: bytes) -> Path:
        folder = tmp_path / "artifact"
        folder.mkdir()
        manifest = Manifest.from_json((packed / "artifact" / artifact.MANIFEST).read_text())
        files = {artifact.MODEL: artifact.file_entry(content)}
        manifest = replace(manifest, files=files)
        manifest = replace(manifest, version=content_version(manifest))
        (folder / artifact.MANIFEST).write_text(manifest.to_json())
        (folder / artifact.MODEL).write_bytes(content)
        return folder

    yield forged
    assert not (tmp_path / "trace").exists(), "the file had an effect"


def content_of(kind: str, folder: Path) -> bytes:
    if kind == TRACE:
        return pickle.dumps(Calls(os.mkdir, str(folder / "trace")))
    return REFUSED[kind]


def run(*command: object, **environment: str) -> tuple[int, str]:
    """The exit code of a command, and what it says on stderr."""
    ended = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("kind", [*KINDS, TRACE])
def test_inspect_and_pack_refuse_it(
    kind: str, packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.joblib"
    model.write_bytes(content_of(kind, tmp_path))
    rows = str(packed / "rows.csv")
    packing = ["pack", str(model), "--sample", rows, "--out", str(tmp_path / "out")]
    for command in (["inspect", str(model)], packing):
        assert main(command) == 65
        [line] = capsys.readouterr().err.splitlines()
        assert "not trusted" in line or "not allowed" in line
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("kind", [*KINDS, TRACE])
def test_what_loads_an_artifact_refuses_it(
    kind: str, forge: Callable[[bytes], Path], tmp_path: Path
) -> None:
    with pytest.raises(ArtifactError, match=r"not trusted|not allowed") as caught:
        Predictor.load(forge(content_of(kind, tmp_path)))
    assert caught.value.exit_code == 65


@pytest.mark.slow
def test_check_predict_and_the_start_refuse_it_in_one_line(
    forge: Callable[[bytes], Path], packed: Path, tmp_path: Path
) -> None:
    folder = forge(content_of(TRACE, tmp_path))
    rows, out = packed / "rows.csv", tmp_path / "out.csv"
    for code, said in (
        run("-m", "service", "check", folder),
        run("-m", "service", "predict", folder, rows, out),
        run("-m", "gunicorn", "--bind", "127.0.0.1:0", SERVICE_MODEL=str(folder)),
    ):
        assert code == 65, said
        lines = [line for line in said.splitlines() if line.startswith("slipway: ")]
        assert len(lines) == 1, said
        assert "Traceback" not in said
        assert "not trusted" in lines[0] or "not allowed" in lines[0]
    assert not out.exists()


def test_the_forged_artifact_is_served_if_its_model_is_one(
    forge: Callable[[bytes], Path], packed: Path
) -> None:
    folder = forge((packed / "model.joblib").read_bytes())
    code, said = run("-m", "service", "check", folder)
    assert code == 0, said
    assert json.loads((folder / artifact.MANIFEST).read_text())["engine"] == "scikit-learn"
