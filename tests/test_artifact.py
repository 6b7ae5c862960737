"""Reading an artifact: all that is wrong is refused, before a byte is unpickled if it can be."""

import importlib.metadata
import json
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.model.artifact import (
    ArtifactError,
    ChecksumError,
    GoldenError,
    ManifestError,
    MissingError,
    VersionError,
    file_entry,
)
from service.model.predictor import Predictor
from training.sensor_example import data
from training.sensor_example.fit import fit

Edit = Callable[[Callable[[dict[str, Any]], object]], None]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sensor model, to be served by scikit-learn."""
    folder = tmp_path_factory.mktemp("artifacts") / "model"
    fit(data.DEFAULT, folder, "sklearn", report=False)
    return folder


def refusal(folder: Path, kind: type[ArtifactError]) -> str:
    """Load what must not load; the error's text, which must be one line."""
    with pytest.raises(ArtifactError) as caught:
        Predictor.load(folder)
    assert type(caught.value) is kind
    text = str(caught.value)
    assert "\n" not in text
    assert str(folder) in text
    return text


def test_a_sound_artifact_loads(artifact: Path) -> None:
    assert Predictor.load(artifact).manifest.name == "sensors"


def test_any_flipped_bit_is_refused(own_artifact: Path) -> None:
    path = own_artifact / "model.joblib"
    original = path.read_bytes()
    for bit in random.Random(0).sample(range(len(original) * 8), 50):  # noqa: S311
        damaged = bytearray(original)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        text = refusal(own_artifact, ChecksumError)
    assert file_entry(original).sha256 in text
    assert file_entry(bytes(damaged)).sha256 in text


@pytest.mark.parametrize(
    ("keep", "message"), [(0.0, "is empty"), (0.1, "bytes"), (0.5, "bytes"), (0.999, "bytes")]
)
def test_a_truncated_file_is_refused(own_artifact: Path, keep: float, message: str) -> None:
    path = own_artifact / "model.joblib"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    assert message in refusal(own_artifact, ChecksumError)


def test_an_appended_byte_is_refused(own_artifact: Path) -> None:
    path = own_artifact / "model.joblib"
    path.write_bytes(path.read_bytes() + b"\0")
    refusal(own_artifact, ChecksumError)


class Sentinel:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.path),))


def test_another_file_in_the_model_s_place_is_never_unpickled(
    own_artifact: Path, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    (own_artifact / "model.joblib").write_bytes(pickle.dumps(Sentinel(trap)))
    refusal(own_artifact, ChecksumError)
    assert not trap.exists()
    pickle.loads((own_artifact / "model.joblib").read_bytes())  # noqa: S301
    assert trap.exists(), "the trap does not work, so the test proves nothing"


def test_versions_are_checked_before_unpickling(
    own_artifact: Path,
    tmp_path: Path,
    edit_manifest: Edit,
    write_listed: Callable[[str, bytes], None],
) -> None:
    trap = tmp_path / "trap"
    write_listed("model.joblib", pickle.dumps(Sentinel(trap)))
    edit_manifest(lambda manifest: manifest["versions"].update({"scikit-learn": "1.0.0"}))
    refusal(own_artifact, VersionError)
    assert not trap.exists()


@pytest.mark.parametrize("library", ["numpy", "scipy", "scikit-learn", "joblib"])
def test_another_library_version_is_refused_naming_both(
    own_artifact: Path, edit_manifest: Edit, library: str
) -> None:
    here = json.loads((own_artifact / "manifest.json").read_text())["versions"][library]
    edit_manifest(lambda manifest: manifest["versions"].update({library: "0.9.9"}))
    text = refusal(own_artifact, VersionError)
    assert f"{library} 0.9.9" in text
    assert here in text


def test_the_error_of_an_artifact_with_a_lock_names_its_versions_and_how_to_install_them(
    own_artifact: Path, edit_manifest: Edit, write_listed: Callable[[str, bytes], None]
) -> None:
    write_listed("requirements.txt", b"# Python 3.12\n")

    def lock(manifest: dict[str, Any]) -> None:
        manifest["engine"] = "scikit-learn"
        manifest["versions"] |= {"python": "3.12.1", "scikit-learn": "1.3.2"}

    edit_manifest(lock)
    text = refusal(own_artifact, VersionError)
    here = importlib.metadata.version("scikit-learn")
    assert "scikit-learn 1.3.2" in text
    assert f"and here is scikit-learn {here}:" in text
    assert "--build-arg PYTHON_IMAGE=python:3.12-slim-trixie" in text
    assert f"--require-hashes -r {own_artifact / 'requirements.txt'}" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [("kind", "integer"), ("dtype", "vloat64"), ("highest", 1.0), ("nullable", True)],
)
def test_a_contract_that_was_changed_is_refused(
    own_artifact: Path, edit_manifest: Edit, key: str, value: Any
) -> None:
    edit_manifest(lambda manifest: manifest["signature"]["inputs"][0].update({key: value}))
    assert "changed after packing" in refusal(own_artifact, ManifestError)


def test_a_version_that_was_changed_is_refused(own_artifact: Path, edit_manifest: Edit) -> None:
    edit_manifest(lambda manifest: manifest.update({"version": "0" * 12}))
    assert "changed after packing" in refusal(own_artifact, ManifestError)


def test_another_engine_is_refused(own_artifact: Path, edit_manifest: Edit) -> None:
    edit_manifest(lambda manifest: manifest.update({"engine": "abacus"}))
    assert "abacus" in refusal(own_artifact, ManifestError)


def test_another_python_is_not(own_artifact: Path, edit_manifest: Edit) -> None:
    edit_manifest(lambda manifest: manifest["versions"].update({"python": "3.99.0"}))
    assert Predictor.load(own_artifact)


@pytest.mark.parametrize("name", ["manifest.json", "model.joblib"])
def test_a_missing_file_is_named(own_artifact: Path, name: str) -> None:
    (own_artifact / name).unlink()
    assert name in refusal(own_artifact, MissingError)


def test_a_missing_folder_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    assert "slipway pack MODEL" in refusal(tmp_path / "nothing", MissingError)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe{", b'{"format": 99}', b"null"])
def test_a_manifest_that_is_none_is_refused(own_artifact: Path, content: bytes) -> None:
    (own_artifact / "manifest.json").write_bytes(content)
    refusal(own_artifact, ManifestError)


@pytest.mark.parametrize("name", ["../model.joblib", "", "a\0b", "manifest.json", "a.py"])
def test_a_file_that_is_no_part_of_an_artifact_is_refused(
    own_artifact: Path, edit_manifest: Edit, name: str
) -> None:
    edit_manifest(lambda m: m["files"].update({name: {"sha256": "0" * 64, "bytes": 0}}))
    assert "not a file of an artifact" in refusal(own_artifact, ManifestError)


def test_a_golden_value_off_by_a_thousandth_is_refused(
    own_artifact: Path, edit_manifest: Edit
) -> None:
    def nudge(manifest: dict[str, Any]) -> None:
        manifest["golden"]["outputs"]["probabilities"][4][1] += 1e-3

    edit_manifest(nudge)
    assert "golden row 4: probabilities" in refusal(own_artifact, GoldenError)


def test_a_golden_class_that_is_predicted_differently_is_refused(
    own_artifact: Path, edit_manifest: Edit
) -> None:
    def nudge(manifest: dict[str, Any]) -> None:
        manifest["golden"]["outputs"]["class"][0] += 1e-3

    edit_manifest(nudge)
    assert "golden row 0: class" in refusal(own_artifact, GoldenError)


def test_exit_codes_are_those_of_sysexits() -> None:
    codes = {kind: kind.exit_code for kind in (ChecksumError, ManifestError, VersionError)}
    assert set(codes.values()) == {65}
    assert GoldenError.exit_code == ArtifactError.exit_code == 65
    assert MissingError.exit_code == 66


@pytest.mark.parametrize("name", ["manifest.json", "model.joblib"])
def test_what_never_ends_is_no_file_of_an_artifact(own_artifact: Path, name: str) -> None:
    (own_artifact / name).unlink()
    os.mkfifo(own_artifact / name)
    assert f"{name}: is not a regular file" in refusal(own_artifact, MissingError)
    (own_artifact / name).unlink()
    (own_artifact / name).symlink_to("/dev/zero")
    assert f"{name}: is not a regular file" in refusal(own_artifact, MissingError)


def test_the_size_of_a_file_is_looked_at_before_it_is_read(own_artifact: Path) -> None:
    for name in ("model.joblib", "manifest.json"):
        os.truncate(own_artifact / name, 2**40)  # a hole
        kind = ManifestError if name == "manifest.json" else ChecksumError
        assert f"has {2**40:,} bytes" in refusal(own_artifact, kind).replace(
            str(2**40), f"{2**40:,}"
        )


def test_files_may_be_links(own_artifact: Path, tmp_path: Path) -> None:
    for name in ("model.joblib", "manifest.json"):  # as Kubernetes mounts them
        (own_artifact / name).rename(tmp_path / name)
        (own_artifact / name).symlink_to(tmp_path / name)
    assert Predictor.load(own_artifact).manifest.name == "sensors"
