"""An artifact on S3: fetched whole or not at all, whatever lies between; moto's server is S3."""

import hashlib
import signal
import tempfile
from pathlib import Path

import boto3
import pytest

from service.model import remote
from service.model.artifact import ArtifactError, UnavailableError
from service.model.predictor import Predictor
from tests.support import buckets
from tests.support.buckets import BUCKET, MODEL_URI, PREFIX, Proxy

SECONDS = 30.0  # enough


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence is soon too long."""
    monkeypatch.setattr(remote, "READ_SECONDS", 0.3)


def refusal(kind: type[ArtifactError], place: str = MODEL_URI, sha256: str = "") -> str:
    """Load what must not load: one line that names the place on S3, and nothing is left here."""
    with (
        pytest.raises(ArtifactError) as caught,
        remote.opened(place, sha256, SECONDS) as folder,
    ):
        Predictor.load(folder)
    assert type(caught.value) is kind
    text = str(caught.value)
    assert text.startswith(place.removesuffix("/"))
    assert "\n" not in text
    assert tempfile.gettempdir() not in text
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    return text


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def content(folder: Path) -> dict[str, bytes]:
    files = filter(Path.is_file, folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def fetch(place: str = MODEL_URI, sha256: str = "") -> dict[str, bytes]:
    """The files that arrive, by name."""
    with remote.opened(place, sha256, SECONDS) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        return content(folder)


@pytest.mark.parametrize("place", [MODEL_URI, MODEL_URI.removesuffix("/")])
def test_what_is_on_s3_arrives_to_the_last_bit_and_nothing_is_left(
    proxy: Proxy, artifact: Path, place: str
) -> None:
    assert fetch(place, digest(artifact)) == content(artifact)
    assert proxy.paths[0] == f"/{BUCKET}/{PREFIX}manifest.json"
    assert len(proxy.paths) == len(content(artifact))
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.parametrize("place", ["s3://whole-bucket", "s3://whole-bucket/"])
def test_a_bucket_without_a_prefix_is_a_place_too(
    proxy: Proxy, s3: str, artifact: Path, place: str
) -> None:
    buckets.upload(s3, artifact, "", "whole-bucket")
    assert fetch(place) == content(artifact)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("before", [0, 1], ids=["manifest", "model"])
@pytest.mark.parametrize(
    "fault",
    [
        *("cut", "stall", "half", "half, then stall", "flip"),
        *("slow down", "internal error", "bad gateway"),
    ],
)
def test_what_passes_by_itself_is_tried_again(
    proxy: Proxy, artifact: Path, fault: str, before: int
) -> None:
    proxy.faults.extend([""] * before + [fault, fault])
    assert fetch() == content(artifact)
    assert len(proxy.paths) >= len(content(artifact)) + 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("denied", "S3 denies access (403 AccessDenied); allow the task's role s3:GetObject"),
        ("bad request", "(400 InvalidRequest)"),
    ],
)
def test_a_request_that_s3_refuses_is_not_repeated(proxy: Proxy, fault: str, message: str) -> None:
    proxy.faults.append(fault)
    assert message in refusal(UnavailableError)
    assert len(proxy.paths) == 1


def test_without_credentials_no_request_is_sent(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it would remember them
    assert "credentials" in refusal(UnavailableError)
    assert proxy.paths == []
