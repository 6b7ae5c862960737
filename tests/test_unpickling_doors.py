"""Every way that a model file comes in refuses the same programs: one line, exit 65, no effect."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from service import asgi
from service.__main__ import main as service
from service.model import artifact
from service.observability import logs
from tests.support.forged import EFFECTS, forged
from tests.support.serving import ROOT
from tests.test_unpickling_opcodes import REFUSED
from training.__main__ import main as training


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that scikit-learn serves, so that each start unpickles it."""
    folder = tmp_path_factory.mktemp("packed")
    joblib.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), folder / "model.joblib")
    (folder / "rows.csv").write_text("x\n0.5\n0.1\n")
    command = ["pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")]
    assert training([*command, "--engine", "sklearn", "--out", str(folder / "artifact")]) == 0
    return folder


def content_of(kind: str, folder: Path) -> bytes:
    return EFFECTS[kind](str(folder / "trace")) if kind in EFFECTS else REFUSED[kind]


def run(*command: object, **environment: str) -> tuple[int, str]:
    """The exit code of a command, and its standard error."""
    ended = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return ended.returncode, ended.stderr


def inspect(content: bytes, place: Path, packed: Path) -> int:
    model = place / "model.joblib"
    model.write_bytes(content)
    return training(["inspect", str(model)])


def pack(content: bytes, place: Path, packed: Path) -> int:
    model = place / "model.joblib"
    model.write_bytes(content)
    sample = str(packed / "rows.csv")
    return training(["pack", str(model), "--sample", sample, "--out", str(place / "out")])


def check(content: bytes, place: Path, packed: Path) -> int:
    return service(["check", str(forged(content, place / "artifact", packed / "artifact"))])


def predict(content: bytes, place: Path, packed: Path) -> int:
    folder = forged(content, place / "artifact", packed / "artifact")
    return service(["predict", str(folder), str(packed / "rows.csv"), str(place / "out")])


def start(content: bytes, place: Path, packed: Path) -> int:
    """What gunicorn calls, with the settings of a process."""
    folder = forged(content, place / "artifact", packed / "artifact")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVICE_MODEL", str(folder))
        patch.setattr(logs, "configure", lambda level: None)  # it would outlive the test
        with pytest.raises(SystemExit) as ended:
            asgi.application()
    return int(str(ended.value))


DOORS: tuple[Callable[[bytes, Path, Path], int], ...] = (inspect, pack, check, predict, start)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
@pytest.mark.parametrize("kind", [*REFUSED, *EFFECTS])
def test_every_door_refuses_every_kind_in_one_line(
    kind: str,
    door: Callable[[bytes, Path, Path], int],
    packed: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert door(content_of(kind, tmp_path), tmp_path, packed) == 65
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("slipway: ")
    assert "model.joblib: " in line
    assert "not trusted" in line or "not allowed" in line
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "trace").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["REDUCE", "BUILD"])
def test_processes_of_their_own_refuse_what_would_leave_a_trace(
    kind: str, packed: Path, tmp_path: Path
) -> None:
    content = EFFECTS[kind](str(tmp_path / "trace"))
    folder = forged(content, tmp_path / "artifact", packed / "artifact")
    model, rows, out = folder / artifact.MODEL, packed / "rows.csv", tmp_path / "out"
    for code, said in (
        run("-m", "slipway", "inspect", model),
        run("-m", "slipway", "pack", model, "--sample", rows, "--out", out),
        run("-m", "slipway", "check", folder),
        run("-m", "slipway", "predict", folder, rows, out),
        run("-m", "gunicorn", "--bind", "127.0.0.1:0", SERVICE_MODEL=str(folder)),
    ):
        assert code == 65, said
        lines = [line for line in said.splitlines() if line.startswith("slipway: ")]
        assert len(lines) == 1, said
        assert "Traceback" not in said
        assert "not trusted" in lines[0] or "not allowed" in lines[0]
    assert not out.exists()
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("kind", EFFECTS)
def test_each_of_these_leaves_a_trace_where_nothing_is_checked(kind: str, tmp_path: Path) -> None:
    with suppress(Exception):  # the folder comes first
        pickle.loads(EFFECTS[kind](str(tmp_path / "trace")))  # noqa: S301
    assert (tmp_path / "trace").exists()


def test_the_forged_artifact_is_served_if_its_model_is_one(packed: Path, tmp_path: Path) -> None:
    content = (packed / "model.joblib").read_bytes()
    folder = forged(content, tmp_path / "artifact", packed / "artifact")
    code, said = run("-m", "slipway", "check", folder)
    assert code == 0, said
    assert json.loads((folder / artifact.MANIFEST).read_text())["engine"] == "scikit-learn"
