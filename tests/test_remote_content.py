"""What is in a bucket is refused if it is not there, not whole, or not what was packed."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.model import artifact as artifact_of_model
from service.model.artifact import (
    ChecksumError,
    GoldenError,
    ManifestError,
    MissingError,
    UnavailableError,
)
from tests.support import buckets
from tests.support.buckets import BUCKET, Proxy
from tests.test_remote import digest, refusal

Edit = Callable[[Callable[[dict[str, Any]], object]], None]


@pytest.fixture
def uploaded(proxy: Proxy, s3: str, own_artifact: Path) -> Callable[[], str]:
    """Put `own_artifact` there, as it is by then; where it is."""

    def upload() -> str:
        buckets.upload(s3, own_artifact, f"{own_artifact.parent.name}/")
        return f"s3://{BUCKET}/{own_artifact.parent.name}"

    return upload


@pytest.mark.parametrize("place", [f"s3://{BUCKET}/other", "s3://no-such-bucket/sensors"])
def test_a_request_for_a_missing_object_is_not_repeated(proxy: Proxy, place: str) -> None:
    assert f"{place}/manifest.json: does not exist (404 NoSuch" in refusal(MissingError, place)
    assert len(proxy.paths) == 1


def test_a_listed_file_that_is_not_there_is_named(
    uploaded: Callable[[], str], own_artifact: Path
) -> None:
    (own_artifact / "model.onnx").unlink()
    place = uploaded()
    assert f"{place}/model.onnx: does not exist" in refusal(MissingError, place)


def test_a_manifest_that_is_far_too_large_is_not_fetched(
    uploaded: Callable[[], str], own_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact_of_model, "MAX_MANIFEST_BYTES", 100)
    size = (own_artifact / "manifest.json").stat().st_size
    place = uploaded()
    text = refusal(ManifestError, place)
    assert f"{place}/manifest.json: has {size:,} bytes, which is too large for a manifest" in text


def test_another_manifest_than_the_pinned_one_is_refused_before_further_requests(
    proxy: Proxy, artifact: Path
) -> None:
    text = refusal(ChecksumError, sha256="0" * 64)
    assert digest(artifact) in text
    assert f"SERVICE_MODEL_SHA256 is {'0' * 64}" in text
    assert len(proxy.paths) == 1


def test_half_of_a_file_in_the_bucket_is_refused(
    uploaded: Callable[[], str], own_artifact: Path, proxy: Proxy
) -> None:
    model = (own_artifact / "model.joblib").read_bytes()
    (own_artifact / "model.joblib").write_bytes(model[: len(model) // 2])
    place = uploaded()
    assert f"model.joblib: has {len(model) // 2} bytes" in refusal(ChecksumError, place)


def test_another_file_of_the_same_size_is_refused(
    uploaded: Callable[[], str], own_artifact: Path
) -> None:
    model = (own_artifact / "model.joblib").read_bytes()
    (own_artifact / "model.joblib").write_bytes(model[:-1] + b"x")
    place = uploaded()
    assert f"{place}/model.joblib: its sha256 is" in refusal(ChecksumError, place)
    (own_artifact / "model.joblib").write_bytes(bytes(len(model)))
    place = uploaded()
    assert f"{place}/model.joblib: contains only zeros" in refusal(ChecksumError, place)


@pytest.mark.parametrize("name", ["..", "../outside", "a/b", "/etc/new", "manifest.json", "a\0b"])
def test_a_file_outside_of_the_folder_is_never_requested(
    uploaded: Callable[[], str], edit_manifest: Edit, proxy: Proxy, name: str
) -> None:
    edit_manifest(lambda m: m["files"].update({name: {"sha256": "0" * 64, "bytes": 1}}))
    assert "not a file of an artifact" in refusal(ManifestError, uploaded())
    assert len(proxy.paths) == 1


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process become larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_reported(proxy: Proxy) -> None:
    with room_for(100):
        assert "larger /tmp" in refusal(UnavailableError)


def test_a_file_larger_than_in_the_manifest_is_refused_before_it_fills_the_disk(
    uploaded: Callable[[], str], own_artifact: Path
) -> None:
    with (own_artifact / "model.joblib").open("ab") as file:
        file.write(bytes(300_000))
    place = uploaded()
    with room_for(200_000):
        assert f"{place}/model.joblib: has " in refusal(ChecksumError, place)


def test_the_error_of_a_damaged_model_has_its_place_too(
    uploaded: Callable[[], str], edit_manifest: Edit
) -> None:
    edit_manifest(lambda m: m["golden"]["outputs"]["class"].__setitem__(0, 0.001))
    place = uploaded()
    assert "golden row 0" in refusal(GoldenError, place)
