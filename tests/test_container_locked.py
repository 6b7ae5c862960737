"""An image with the libraries of a model's own lock."""

import json
from pathlib import Path

import pytest

from tests.support import containers
from tests.support.containers import execute, output, serving
from tests.test_container import PACKED
from tests.versions.grid import CACHE, packed, saved

pytestmark = [pytest.mark.container, pytest.mark.slow]

RELEASE = "1.6.1"  # with wheels for the Python of the image
ASK = """
import sys, urllib.request as web
request = web.Request(
    "http://127.0.0.1:8080/predict", sys.argv[1].encode(), {"Content-Type": "application/json"}
)
print(web.urlopen(request).read().decode())
"""


@pytest.fixture(scope="module")
def artifact_with_a_lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    containers.require_engine()
    folder = saved(RELEASE, tmp_path_factory.mktemp("locked") / "models", "adaboost") / "adaboost"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(CACHE))
        assert packed(folder, "--versions", "saved") == "scikit-learn"
    return folder / "artifact"


def test_the_image_has_what_the_lock_says_and_answers_as_its_release(
    artifact_with_a_lock: Path, tmp_path: Path
) -> None:
    checkout = containers.private_checkout(tmp_path / "checkout", artifact_with_a_lock)
    golden = json.loads((artifact_with_a_lock / "manifest.json").read_text())["golden"]
    with containers.built(checkout, *PACKED) as image:
        program = "import sklearn; print(sklearn.__version__)"
        assert output(containers.run(image, "python", "-c", program)) == RELEASE
        missing = containers.run(image, "python", "-c", "import onnxruntime")
        assert "No module named 'onnxruntime'" in missing.stderr
        with serving(image, "--read-only", "--tmpfs=/tmp") as container:
            asked = json.dumps(golden["inputs"])
            answer = json.loads(output(execute(container, "python", "-c", ASK, asked)))
    assert answer == {"y": golden["outputs"]["y"]}


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
