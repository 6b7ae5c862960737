"""An artifact on S3: fetched whole into a private folder, or not at all.

Nobody else knows that folder, and it is gone once the model is loaded: half of an artifact is
never served. One thread does it all, because the workers are forked from this process.
"""

import logging
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, TypeVar

from service.model import artifact
from service.model.artifact import ArtifactError, MissingError, UnavailableError

SCHEME = "s3://"
CONNECT_SECONDS, READ_SECONDS = 3, 5  # of silence; S3 answers within a tenth of a second
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between attempts, each twice as long as the last
REQUIRED = (
    "what a model on S3 needs is not installed: pip install -r requirements/s3.txt, or build the "
    'image with --build-arg REQUIREMENTS="requirements.txt requirements/s3.txt"'
)

log = logging.getLogger("slipway.model")
Result = TypeVar("Result")


class _LateError(BaseException):
    """Time is up; no Exception, which the libraries below would take for one of their own."""

    reason = "no answer"


@contextmanager
def opened(place: str, sha256: str, seconds: float) -> Iterator[Path]:
    """The folder of an artifact: the one at `place`, or a copy of what is there if that is on S3.

    What is on S3 must arrive within `seconds`. `sha256` is that of the manifest, or empty.
    An ArtifactError, also one of the block's own, names the place and not the copy.
    """
    if not place.startswith(SCHEME):
        yield Path(place)
        return
    place = place.removesuffix("/")
    try:
        private = TemporaryDirectory(prefix="slipway-")
    except OSError as error:
        raise _no_room(place, error) from error
    with private as name:
        try:
            with _deadline(place, seconds):
                _fetch(place, Path(name), sha256)
            yield Path(name)
        except ArtifactError as error:
            raise type(error)(str(error).replace(name, place)) from error


def _fetch(place: str, folder: Path, sha256: str) -> None:
    """Copy the manifest, then what it lists."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise UnavailableError(f"{place}: {REQUIRED}") from error
    # The library's own attempts would not count what breaks within a body.
    once = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
    )
    bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
    began = time.monotonic()
    with closing(_insist(place, lambda: boto3.client("s3", config=once))) as client:

        def copy(name: str, size: int | None = None) -> None:
            path, key = folder / name, f"{prefix}/{name}".removeprefix("/")
            _insist(f"{place}/{name}", lambda: _copy(client, bucket, key, path, size))

        copy(artifact.MANIFEST)
        manifest = artifact.read_manifest(folder, sha256)
        for name, entry in manifest.files.items():
            copy(name, entry.bytes)
    fields = {"model_version": manifest.version, "seconds": round(time.monotonic() - began, 3)}
    log.info("fetched the model", extra={"fields": fields})


def _copy(client: Any, bucket: str, key: str, path: Path, size: int | None) -> None:
    """Copy one object, if it has this size."""
    found = client.get_object(Bucket=bucket, Key=key)
    with closing(found["Body"]) as body:
        if size is None:
            artifact.check_manifest_size(path, found["ContentLength"])
        else:
            artifact.check_size(path, found["ContentLength"], size)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(body, file)


def _no_room(what: str, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"{what}: cannot be kept here ({error.strerror}); give the container a larger /tmp"
    )


def _insist(what: str, attempt: Callable[[], Result]) -> Result:
    """Try until it succeeds, or fails for a reason that does not pass by itself."""
    pause, reason = FIRST_PAUSE, _LateError.reason
    try:
        while True:
            try:
                return attempt()
            except ArtifactError:
                raise
            except Exception as error:
                reason = _passing(what, error)
            fields = {"what": what, "reason": reason}
            log.warning("fetching the model again", extra={"fields": fields})
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            pause = min(2 * pause, LONGEST_PAUSE)
    except _LateError as late:
        late.reason = reason
        raise


def _passing(what: str, error: Exception) -> str:
    """The reason in one line, if it may pass by itself; else ArtifactError says what to do."""
    from botocore import exceptions as boto
    from urllib3.exceptions import HTTPError

    reason = " ".join(str(error).split())
    if isinstance(error, boto.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        told = f"{status} {error.response['Error']['Code']}"
        if status == 404:
            raise MissingError(
                f"{what}: is not there ({told}); look at SERVICE_MODEL, or upload it again"
            ) from error
        if status == 403:
            raise UnavailableError(
                f"{what}: S3 refuses it ({told}); allow the task's role s3:GetObject there; "
                "without s3:ListBucket a file that is not there is refused, too"
            ) from error
        if status < 500 and status != 429:
            raise UnavailableError(f"{what}: S3 refuses it ({told}): {reason}") from error
        return told
    passing = (
        *(boto.HTTPClientError, boto.IncompleteReadError, boto.FlexibleChecksumError, HTTPError),
        *(boto.CredentialRetrievalError, boto.MetadataRetrievalError),
    )
    if isinstance(error, passing):
        return reason
    if isinstance(error, boto.BotoCoreError):  # no credentials, for one
        raise UnavailableError(f"{what}: {reason}") from error
    if isinstance(error, OSError):  # of the disk; those of the network were among the others
        raise _no_room(what, error) from error
    raise error


@contextmanager
def _deadline(what: str, seconds: float) -> Iterator[None]:
    """UnavailableError once time is up, whatever is being waited for."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise _LateError

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _LateError as late:
        raise UnavailableError(
            f"{what}: did not arrive within {seconds} s ({late.reason}); if it is only slow, raise "
            "SERVICE_FETCH_SECONDS and the grace period of health checks"
        ) from late
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
