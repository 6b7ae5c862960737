"""Writing an artifact: all or nothing, and nothing of anybody else's is lost."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.model import artifact_writer
from service.model.artifact import ArtifactError, read_files, read_manifest
from service.model.manifest import Manifest
from tests.support.serving import ROOT, clean_environment, wait_until


def content_of(folder: Path) -> dict[str, bytes]:
    files = filter(Path.is_file, folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def packed(artifact: Path) -> tuple[Manifest, dict[str, bytes]]:
    manifest = read_manifest(artifact)
    return manifest, read_files(artifact, manifest)


Packed = tuple[Manifest, dict[str, bytes]]


def test_a_new_artifact_appears_with_its_parents(packed: Packed, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    artifact_writer.publish(folder, *packed, check=lambda staged: None)
    assert content_of(folder)["model.joblib"] == packed[1]["model.joblib"]
    assert [path.name for path in folder.parent.iterdir()] == ["b"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_an_old_artifact_is_replaced_and_nothing_is_left_beside_it(
    packed: Packed, own_artifact: Path
) -> None:
    (own_artifact / "model.joblib").write_bytes(b"damaged")
    artifact_writer.publish(own_artifact, *packed, check=lambda staged: None)
    assert content_of(own_artifact)["model.joblib"] == packed[1]["model.joblib"]
    assert [path.name for path in own_artifact.parent.iterdir()] == [own_artifact.name]


def test_a_check_that_fails_leaves_the_old_artifact(packed: Packed, own_artifact: Path) -> None:
    before = content_of(own_artifact)

    def fail(staged: Path) -> None:
        raise RuntimeError("no good")

    with pytest.raises(RuntimeError):
        artifact_writer.publish(own_artifact, *packed, check=fail)
    assert content_of(own_artifact) == before
    assert [path.name for path in own_artifact.parent.iterdir()] == [own_artifact.name]


def test_a_folder_with_other_things_in_it_is_left_alone(packed: Packed, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(ArtifactError, match=r"thesis\.txt"):
        artifact_writer.publish(tmp_path, *packed, check=lambda staged: None)
    assert content_of(tmp_path) == {"thesis.txt": b"three years of work"}


def test_an_artifact_with_other_things_in_it_is_left_alone(
    packed: Packed, own_artifact: Path
) -> None:
    (own_artifact / "notes.md").write_text("keep me")
    with pytest.raises(ArtifactError, match=r"notes\.md"):
        artifact_writer.publish(own_artifact, *packed, check=lambda staged: None)
    assert (own_artifact / "notes.md").read_text() == "keep me"


def test_other_things_beside_its_report_are_left_alone(packed: Packed, own_artifact: Path) -> None:
    (own_artifact / "report" / "notes.md").write_text("keep me")
    with pytest.raises(ArtifactError, match=r"report/notes\.md"):
        artifact_writer.publish(own_artifact, *packed, check=lambda staged: None)
    assert (own_artifact / "report" / "notes.md").read_text() == "keep me"


def test_a_report_alone_in_a_folder_is_left_alone(packed: Packed, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("somebody's")
    with pytest.raises(ArtifactError, match="report"):
        artifact_writer.publish(tmp_path, *packed, check=lambda staged: None)
    assert content_of(tmp_path) == {"report/index.html": b"somebody's"}


def test_a_file_in_the_folder_s_place_is_left_alone(packed: Packed, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine")
    with pytest.raises(ArtifactError, match="is a file"):
        artifact_writer.publish(tmp_path / "model", *packed, check=lambda staged: None)
    assert (tmp_path / "model").read_text() == "mine"


def test_somebody_s_model_alone_in_a_folder_is_left_alone(packed: Packed, tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"my only copy")
    with pytest.raises(ArtifactError, match=r"model\.joblib"):
        artifact_writer.publish(tmp_path, *packed, check=lambda staged: None)
    assert (tmp_path / "model.joblib").read_bytes() == b"my only copy"


def test_a_damaged_artifact_can_be_replaced(packed: Packed, own_artifact: Path) -> None:
    (own_artifact / "manifest.json").write_text("{")
    artifact_writer.publish(own_artifact, *packed, check=lambda staged: None)
    assert read_manifest(own_artifact) == packed[0]


def test_where_folders_cannot_be_swapped_the_new_one_still_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
    monkeypatch.setattr(
        artifact_writer, "SWAP", 1 << 30
    )  # a flag that no file system knows: EINVAL
    artifact_writer._exchange(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "content").read_text() == "new"
    assert (tmp_path / "new" / "content").read_text() == "old"


WRITER = """
import sys
from pathlib import Path
from service.model.artifact import read_files, read_manifest
from service.model.artifact_writer import publish
source, target = map(Path, sys.argv[1:])
manifest = read_manifest(source)
contents = read_files(source, manifest)
print("ready", flush=True)
while True:
    publish(target, manifest, contents, check=lambda staged: None)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_whole_artifact(artifact: Path, tmp_path: Path) -> None:
    target = Path(shutil.copytree(artifact, tmp_path / "model"))
    for attempt in range(15):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(artifact), str(target)],
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        inode = target.stat().st_ino
        wait_until(lambda inode=inode: target.stat().st_ino != inode, "an exchange")  # type: ignore[misc]
        time.sleep(attempt * 0.0007)  # another moment each time
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        manifest = read_manifest(target)
        assert read_files(target, manifest)["model.joblib"]
