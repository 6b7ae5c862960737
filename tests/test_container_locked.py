"""An image with the libraries of a model's own lock."""

import json
import re
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

import ecs.containers
from ecs.commands import deploy
from tests.support import containers
from tests.support.containers import execute, output, serving
from tests.test_container import PACKED
from tests.versions.grid import CACHE, packed, saved
from training.older import environment

pytestmark = [pytest.mark.container, pytest.mark.slow]

RELEASE = "1.6.1"  # with wheels for the Python of the image
LIGHTGBM = "lightgbm==4.6.0"
ASK = """
import sys, urllib.request as web
request = web.Request(
    "http://127.0.0.1:8080/predict", sys.argv[1].encode(), {"Content-Type": "application/json"}
)
print(web.urlopen(request).read().decode())
"""
INSTALLED = """
from importlib.metadata import distributions
for one in distributions():
    print(f"{one.metadata['Name'].lower().replace('_', '-')}=={one.version}")
"""
# Leaves that compute, which are not converted to ONNX.
FIT = """
import sys
import joblib, lightgbm, numpy, pandas
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
rows = numpy.random.RandomState(0).normal(size=(300, 3))
target = rows[:, 0] * rows[:, 1]
model = lightgbm.LGBMRegressor(n_estimators=5, linear_tree=True, n_jobs=1, verbose=-1)
joblib.dump(make_pipeline(StandardScaler(), model).fit(rows, target), sys.argv[1] + "/model.joblib")
frame = pandas.DataFrame(rows).add_prefix("x").assign(y=target)
frame.to_csv(sys.argv[1] + "/rows.csv", index=False)
"""


@pytest.fixture(scope="module", autouse=True)
def _cache() -> Iterator[None]:
    containers.require_engine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(CACHE))
        yield


@pytest.fixture(scope="module")
def artifact_with_a_lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = saved(RELEASE, tmp_path_factory.mktemp("locked") / "models", "adaboost") / "adaboost"
    assert packed(folder, "--versions", "saved") == "scikit-learn"
    return folder / "artifact"


def locked(artifact: Path) -> set[str]:
    """The packages and versions that the lock of an artifact has."""
    text = (artifact / "requirements.txt").read_text()
    return set(re.findall(r"^([a-z0-9._-]+==\S+)", text, re.M))


def installed(image: str) -> set[str]:
    """The packages and versions that an image has."""
    return set(output(containers.run(image, "python", "-c", INSTALLED)).splitlines())


def answer(image: str, artifact: Path) -> object:
    """What a container answers to the golden rows of the artifact in it."""
    asked = json.dumps(json.loads((artifact / "manifest.json").read_text())["golden"]["inputs"])
    with serving(image, "--read-only", "--tmpfs=/tmp") as container:
        return json.loads(output(execute(container, "python", "-c", ASK, asked)))


def golden(artifact: Path) -> object:
    """What the release that saved the model answered to them."""
    outputs = json.loads((artifact / "manifest.json").read_text())["golden"]["outputs"]
    return {"y": outputs["y"]}


def test_the_image_has_the_packages_of_the_lock_and_predicts_as_its_release(
    artifact_with_a_lock: Path, tmp_path: Path
) -> None:
    checkout = containers.private_checkout(tmp_path / "checkout", artifact_with_a_lock)
    assert f"scikit-learn=={RELEASE}" in locked(artifact_with_a_lock)
    with containers.built(checkout, *PACKED) as image:
        assert installed(image) == locked(artifact_with_a_lock)
        assert answer(image, artifact_with_a_lock) == golden(artifact_with_a_lock)


def test_what_deploy_builds_has_what_the_lock_says(
    artifact_with_a_lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = containers.private_checkout(tmp_path / "checkout", artifact_with_a_lock)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Begin"]):
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        subprocess.run(["git", *identity, *command], cwd=checkout, check=True)
    monkeypatch.setattr(ecs.containers, "ROOT", checkout)
    given = checkout / "artifacts/another"
    source = deploy.source_of(Namespace(artifact=given, allow_dirty=False, build_arg=[]))
    name = containers.unique()
    try:
        ecs.containers.build(name, "X86_64", source.labelled(name))
        assert installed(name) == locked(artifact_with_a_lock)
    finally:
        containers.docker("image", "rm", "--force", name)


def test_other_requirements_are_installed_beside_the_lock(
    artifact_with_a_lock: Path, tmp_path: Path
) -> None:
    checkout = containers.private_checkout(tmp_path / "checkout", artifact_with_a_lock)
    more = "requirements.txt requirements/pandas.txt requirements/lambda.txt"
    with containers.built(checkout, *PACKED, f"--build-arg=REQUIREMENTS={more}") as image:
        found = installed(image)
    assert locked(artifact_with_a_lock) < found
    names = {one.partition("==")[0] for one in found - locked(artifact_with_a_lock)}
    assert names == {"awslambdaric", "simplejson", "snapshot-restore-py"}


def test_a_lean_image_is_refused(artifact_with_a_lock: Path, tmp_path: Path) -> None:
    checkout = containers.private_checkout(tmp_path / "checkout", artifact_with_a_lock)
    reason = "build the image without VARIANT=lean"
    lean = containers.built(checkout, *PACKED, "--build-arg=VARIANT=lean")
    with pytest.raises(AssertionError, match=reason), lean:
        pass


def test_lightgbm_serves_itself_in_the_image(tmp_path: Path) -> None:
    """Its wheel does not bring the OpenMP that it needs."""
    there = environment.ready(RELEASE, numpy_2=True, more=[LIGHTGBM])
    subprocess.run([there.python, "-c", FIT, tmp_path], check=True, capture_output=True)
    assert packed(tmp_path, "--versions", "saved", "--with", LIGHTGBM) == "scikit-learn"
    artifact = tmp_path / "artifact"
    assert LIGHTGBM in locked(artifact)
    checkout = containers.private_checkout(tmp_path / "checkout", artifact)
    with containers.built(checkout, *PACKED) as image:
        assert answer(image, artifact) == golden(artifact)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("# Python 3.13\n", "# Python 3.9\n", "PYTHON_IMAGE=python:3.9-slim-trixie"),
        ("flask==", "--find-links https://localhost/ flask==", "is no lock that pack wrote"),
    ],
)
def test_a_lock_of_another_python_or_with_options_stops_the_build(
    artifact_with_a_lock: Path, tmp_path: Path, old: str, new: str, reason: str
) -> None:
    checkout = containers.private_checkout(tmp_path / "checkout", artifact_with_a_lock)
    path = checkout / "artifacts/another/requirements.txt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(AssertionError, match=reason), containers.built(checkout, *PACKED):
        pass
