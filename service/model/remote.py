"""Downloads an artifact from S3 into a temporary folder, which is deleted once the model is loaded.

An incomplete artifact is never served. The download uses one thread only, because the workers are
forked from this process.
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
from service.model.errors import one_line
from service.model.installation import install_extra

SCHEME = "s3://"
CONNECT_SECONDS, READ_SECONDS = 3, 5  # S3 usually responds within 0.1 s
# Between attempts; each pause is twice as long as the one before.
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.2, 5.0
REQUIRED = (
    f"a model on S3 needs a package that is not installed: {install_extra('s3', 'boto3')}, or in a "
    'checkout build the image with --build-arg REQUIREMENTS="requirements.txt requirements/s3.txt"'
)

log = logging.getLogger("slipway.model")
Result = TypeVar("Result")


class _LateError(BaseException):
    """The deadline has passed. Not an Exception, because boto3 would handle it as one of its
    own."""

    reason = "no answer"


@contextmanager
def opened(place: str, sha256: str, seconds: float) -> Iterator[Path]:
    """The folder of an artifact: `place` itself, or a copy of it if it is on S3.

    The download must be complete within `seconds`. `sha256` is the digest of the only accepted
    manifest, or empty. Each ArtifactError, also of the block, names `place` instead of the copy.
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
    """Copy the manifest, then the files that it lists."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise UnavailableError(f"{place}: {REQUIRED}") from error
    # botocore's own retries do not cover failures within a body.
    once = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
    )
    bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
    began = time.monotonic()
    with closing(_retry(place, lambda: boto3.client("s3", config=once))) as client:

        def copy(name: str, size: int | None = None) -> None:
            path, key = folder / name, f"{prefix}/{name}".removeprefix("/")
            _retry(f"{place}/{name}", lambda: _copy(client, bucket, key, path, size))

        copy(artifact.MANIFEST)
        manifest = artifact.read_manifest(folder, sha256)
        for name, entry in manifest.files.items():
            copy(name, entry.bytes)
    fields = {"model_version": manifest.version, "seconds": round(time.monotonic() - began, 3)}
    log.info("fetched the model", extra={"fields": fields})


def _copy(client: Any, bucket: str, key: str, path: Path, size: int | None) -> None:
    """Copy one object; ArtifactError if it has another size."""
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
        f"{what}: cannot be stored ({error.strerror}); give the container a larger /tmp"
    )


def _retry(what: str, attempt: Callable[[], Result]) -> Result:
    """Call `attempt` until it succeeds, or fails for a permanent reason."""
    pause, reason = FIRST_PAUSE_SECONDS, _LateError.reason
    try:
        while True:
            try:
                return attempt()
            except ArtifactError:
                raise
            except Exception as error:
                reason = _transient_reason(what, error)
            fields = {"what": what, "reason": reason}
            log.warning("fetching the model again", extra={"fields": fields})
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            pause = min(2 * pause, MAX_PAUSE_SECONDS)
    except _LateError as late:
        late.reason = reason
        raise


def _transient_reason(what: str, error: Exception) -> str:
    """The reason in one line if it is transient; ArtifactError with a remedy otherwise."""
    from botocore import exceptions as boto
    from urllib3.exceptions import HTTPError

    reason = one_line(str(error), 1000)
    if isinstance(error, boto.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = f"{status} {error.response['Error']['Code']}"
        if status == 404:
            raise MissingError(
                f"{what}: does not exist ({code}); check SERVICE_MODEL, or upload it again"
            ) from error
        if status == 403:
            raise UnavailableError(
                f"{what}: S3 denies access ({code}); allow the task's role s3:GetObject there; "
                "without s3:ListBucket S3 gives the same error if the file does not exist"
            ) from error
        if status < 500 and status != 429:
            raise UnavailableError(f"{what}: S3 denies access ({code}): {reason}") from error
        return code
    transient = (
        *(boto.HTTPClientError, boto.IncompleteReadError, boto.FlexibleChecksumError, HTTPError),
        *(boto.CredentialRetrievalError, boto.MetadataRetrievalError),
    )
    if isinstance(error, transient):
        return reason
    if isinstance(error, boto.BotoCoreError):  # such as missing credentials
        raise UnavailableError(f"{what}: {reason}") from error
    if isinstance(error, OSError):  # of the disk: errors of the network are handled above
        raise _no_room(what, error) from error
    raise error


@contextmanager
def _deadline(what: str, seconds: float) -> Iterator[None]:
    """Raise UnavailableError if the block takes longer than this, whatever it waits for."""

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
