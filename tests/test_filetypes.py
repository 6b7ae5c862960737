"""Files that are no models: what they seem to be, what to do, and nothing of a library's inside."""

import bz2
import gzip
import pickle
import re
import shutil
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from service.__main__ import main as service
from service.model import artifact, filetypes
from service.model.version import content_version
from tests.support import other_files
from training.__main__ import main as training

OTHERS = other_files.others()
INSIDE = re.compile(r"[A-Za-z]+(Error|Exception)\b|Traceback|\bobject has no|_src/|\.cc:")
STATES = ("is ", "holds", "contains")
INSTEAD = ("pointer", "web page", "error in XML", "is empty", "only zeros")
Printed = pytest.CaptureFixture[str]


def complaint(printed: Printed, path: Path) -> str:
    """The line on stderr about a file."""
    text = printed.readouterr().err
    assert text.count("\n") == 1, text
    before, found, output = text.partition(f"{path}: ")
    assert (before, found) == ("slipway: ", f"{path}: "), text
    assert not INSIDE.search(output), output
    assert len(output) < 300
    return output


@pytest.mark.parametrize("message", OTHERS)
def test_pack_and_inspect_recognise_it(tmp_path: Path, capsys: Printed, message: str) -> None:
    path, sample = tmp_path / "model.joblib", tmp_path / "rows.csv"
    path.write_bytes(OTHERS[message])
    sample.write_text("a\n1\n2\n")
    out = tmp_path / "artifact"
    assert training(["pack", str(path), "--sample", str(sample), "--out", str(out)]) == 65
    assert complaint(capsys, path).startswith(message)
    assert not out.exists()
    assert training(["inspect", str(path)]) == 65
    assert complaint(capsys, path).startswith(message)


@pytest.mark.parametrize("message", [one for one in OTHERS if one.startswith(STATES)])
@pytest.mark.parametrize("engine", artifact.FILES)
def test_the_service_recognises_a_file_in_place_of_its_model(
    own_artifact: Path, capsys: Printed, message: str, engine: str
) -> None:
    """Also if the manifest lists it."""
    content = OTHERS[message]
    path = own_artifact / artifact.FILES[engine]
    path.write_bytes(content)
    assert service(["check", str(own_artifact)]) == 65
    line = complaint(capsys, path)
    if "the manifest has" not in line and "pickle" not in line:
        assert line.startswith(message.partition(":")[0])
        assert "or pack the model again" in line or any(one in line for one in INSTEAD)
    manifest = artifact.read_manifest(own_artifact)
    files = {**manifest.files, path.name: artifact.file_entry(content)}
    manifest = replace(manifest, engine=engine, files=files)
    manifest = replace(manifest, version=content_version(manifest))
    (own_artifact / artifact.MANIFEST).write_text(manifest.to_json())
    assert service(["check", str(own_artifact)]) == 65
    assert complaint(capsys, path)


@pytest.mark.parametrize("name", [artifact.MANIFEST, artifact.REPORT])
@pytest.mark.parametrize("content", [other_files.LFS, other_files.HTML, b""])
def test_other_files_of_an_artifact_may_not_be_there_either(
    own_artifact: Path, capsys: Printed, name: str, content: bytes
) -> None:
    if name not in (*artifact.read_manifest(own_artifact).files, artifact.MANIFEST):
        pytest.skip("this artifact has no report")
    if name == artifact.REPORT and content == other_files.HTML:
        return  # it is one
    path = own_artifact / name
    path.write_bytes(content)
    assert service(["check", str(own_artifact)]) == 65
    assert complaint(capsys, path) == f"{filetypes.no_file(content)}\n"


def test_a_model_file_is_no_artifact(artifact: Path, tmp_path: Path, capsys: Printed) -> None:
    path = Path(shutil.copy(artifact / "model.joblib", tmp_path))
    assert service(["check", str(path)]) == 66
    assert complaint(capsys, path).startswith("is a file, and an artifact is a folder")


@pytest.mark.parametrize("protocol", range(6))
def test_models_are_taken_for_models(protocol: int) -> None:
    content = pickle.dumps(other_files.model(), protocol)
    for whole in (content, gzip.compress(content), zlib.compress(content), bz2.compress(content)):
        assert filetypes.no_pickle(whole) is None
    assert filetypes.no_pickle(other_files.dump()) is None
    assert filetypes.no_onnx(other_files.onnx_model()) is None
