"""A model whose engine is ONNX is served where scikit-learn, SciPy and joblib are not installed."""

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path
from typing import Any

import joblib
import pytest

from service.model.manifest import Manifest
from service.model.predictor import Predictor
from service.model.version import content_version
from tests.support.model_cases import ModelCase
from tests.support.models import MODEL_CASES
from tests.support.serving import ROOT, clean_environment, serve
from tests.test_artifact import Sentinel
from training.__main__ import main
from training.sensor_example import data
from training.sensor_example.fit import fit

ABSENT = {"sklearn", "scipy", "joblib", "pandas", "matplotlib"}
WITHOUT = (sys.executable, "-S")  # without the packages of this environment
LOADED = """
import sys
from service.asgi import application
application()
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what requirements/lean.txt names, and nothing else."""
    folder = tmp_path_factory.mktemp("lean")
    locked = (ROOT / "requirements/lean.txt").read_text()
    for name in re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE):
        for file in files(name) or ():
            top = file.parts[0]
            if top != ".." and not (folder / top).exists():
                here = Path(str(file.locate()))
                (folder / top).symlink_to([here, *here.parents][len(file.parts) - 1])
    return folder


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelCase, Path]:
    """A model of a frame with text and null, and its artifact."""
    folder = tmp_path_factory.mktemp("mixed")
    case = MODEL_CASES["mixed table, ordinal codes"]()
    joblib.dump(case.estimator, folder / "model.joblib")
    case.rows.to_csv(folder / "rows.csv", index=False)
    given = [str(folder / name) for name in ("model.joblib", "rows.csv", "artifact")]
    command = ["pack", given[0], "--sample", given[1], "--out", given[2], "--engine", "onnx"]
    assert main(command) == 0
    return case, folder / "artifact"


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sensor model, to be served by scikit-learn."""
    folder = tmp_path_factory.mktemp("learned") / "model"
    fit(data.DEFAULT, folder, "sklearn", report=False)
    return folder


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
    )


def test_the_server_imports_nothing_of_scikit_learn(mixed: tuple[ModelCase, Path]) -> None:
    printed = python(sys.executable, "-c", LOADED, SERVICE_MODEL=str(mixed[1]))
    modules = set(printed.stdout.split())
    assert {"onnxruntime", "numpy", "flask"} <= modules
    assert not modules & ABSENT


def test_without_onnx_nothing_of_it_is_imported(learned: Path) -> None:
    modules = set(python(sys.executable, "-c", LOADED, SERVICE_MODEL=str(learned)).stdout.split())
    assert {"sklearn", "joblib"} <= modules
    assert "onnxruntime" not in modules


def test_the_environment_has_none_of_it(packages: Path) -> None:
    for module in ABSENT:
        tried = python(*WITHOUT, "-c", f"import {module}", PYTHONPATH=str(packages))
        assert f"No module named '{module}'" in tried.stderr


def test_a_frame_s_model_is_served_without_pandas_and_scikit_learn(
    mixed: tuple[ModelCase, Path], packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, artifact = mixed
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {" ".join(WITHOUT)} "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    rows = case.rows.iloc[:50]
    columns = {
        str(name): [None if value != value else value for value in rows[name].tolist()]
        for name in rows
    }
    with serve(artifact, WEB_CONCURRENCY="2", PYTHONPATH=str(packages)) as server:
        for _ in range(4):
            answer = server.predict(json.dumps(columns))
            assert answer.status == 200, answer.body
            assert json.loads(answer.body) == {"prediction": case.estimator.predict(rows).tolist()}
        unknown = {name: values[:1] for name, values in columns.items()}
        unknown["site"] = unknown["kind"] = ["\udc80never seen"]
        assert server.predict(json.dumps(unknown)).status == 200


def test_another_engine_is_refused_with_the_image_that_it_needs(
    learned: Path, packages: Path
) -> None:
    ended = python(
        *WITHOUT,
        *("-m", "gunicorn", "--check-config"),
        PYTHONPATH=str(packages),
        SERVICE_MODEL=str(learned),
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (65, 1)
    assert "engine of this model is scikit-learn, which the lean image lacks" in ended.stderr
    assert "build the image without VARIANT=lean" in ended.stderr


def test_the_pickle_beside_it_is_verified_but_never_unpickled(
    own_artifact: Path,
    edit_manifest: Callable[[Callable[[dict[str, Any]], object]], None],
    write_listed: Callable[[str, bytes], None],
    tmp_path: Path,
) -> None:
    trap = tmp_path / "trap"
    write_listed("model.joblib", pickle.dumps(Sentinel(trap)))

    def set_version(manifest: dict[str, Any]) -> None:
        manifest["version"] = content_version(Manifest.from_json(json.dumps(manifest)))

    edit_manifest(set_version)
    assert Predictor.load(own_artifact).manifest.engine == "onnx"
    assert not trap.exists()


def test_only_the_libraries_that_compute_must_be_the_same(
    own_artifact: Path, edit_manifest: Callable[[Callable[[dict[str, Any]], object]], None]
) -> None:
    others = dict.fromkeys(["scikit-learn", "scipy", "joblib", "onnx", "skl2onnx"], "0.0.1")
    edit_manifest(lambda manifest: manifest["versions"].update(others))
    assert Predictor.load(own_artifact)
