"""Files on S3, standard input and standard output: what is read is copied to this disk first, what
was written goes there at the end.

An object is there whole or not at all, and a failed run prints nothing. A copy is gone with the
run, so one that was ended begins anew.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from service.files.names import STANDARD
from service.files.parts import BAD, OutputError
from service.files.tables import InputError, NoInputError, NotInstalledError
from service.model.errors import one_line
from service.model.remote import REQUIRED, SCHEME


@contextmanager
def copied(place: str) -> Iterator[Path]:
    """A file to read, or a copy of it."""
    with _local(place, "standard input") as path:
        if place == STANDARD:
            with _told("standard input", InputError, ""), path.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        if place.startswith(SCHEME):
            bucket, key = _address(place)
            with _told(place, InputError, "s3:GetObject"), _client(place) as client:
                client.download_file(bucket, key, str(path))
        yield path


@contextmanager
def sent(place: str) -> Iterator[Path]:
    """Where to write a file, which goes to its place when the block is done; first its bad rows,
    or none if an earlier run left some there."""
    with _local(place, "standard output") as path:
        yield path
        if place == STANDARD:
            _print(path)
        if place.startswith(SCHEME):
            bucket, key = _address(place)
            with _told(place, OutputError, "s3:PutObject"), _client(place) as client:
                bad = path.with_name(f"{path.name}{BAD}")
                if bad.exists():
                    client.upload_file(str(bad), bucket, f"{key}{BAD}")
                else:
                    client.delete_object(Bucket=bucket, Key=f"{key}{BAD}")
                client.upload_file(str(path), bucket, key)


def shown(place: str) -> str:
    """What an output is called."""
    return "standard output" if place == STANDARD else place


@contextmanager
def _local(place: str, standard: str) -> Iterator[Path]:
    """The path of a place, in a folder of its own if it is not on this disk. Errors name the
    place; `standard` is what they call `-`."""
    if place != STANDARD and not place.startswith(SCHEME):
        yield Path(place)
        return
    with TemporaryDirectory(prefix="slipway-") as folder:
        name = "rows" if place == STANDARD else _address(place)[1].rpartition("/")[2]
        path = Path(folder, name)
        try:
            yield path
        except (InputError, OutputError) as error:
            called = standard if place == STANDARD else place
            raise type(error)(str(error).replace(str(path), called)) from error


def _print(path: Path) -> None:
    """Copy a file to standard output."""
    sys.stdout.flush()
    try:
        with path.open("rb") as file, open(1, "wb", closefd=False) as output:
            shutil.copyfileobj(file, output)
    except OSError as error:
        raise OutputError(f"standard output: cannot be written ({error.strerror})") from error


def _address(place: str) -> tuple[str, str]:
    bucket, _, key = place.removeprefix(SCHEME).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise InputError(f"{place}: is no file; it must be like s3://bucket/folder/file.csv")
    return bucket, key


@contextmanager
def _client(place: str) -> Iterator[Any]:
    try:
        import boto3
    except ImportError as error:
        raise NotInstalledError(f"{place}: {REQUIRED}") from error
    with closing(boto3.client("s3")) as client:
        yield client


@contextmanager
def _told(place: str, kind: type[InputError] | type[OutputError], needed: str) -> Iterator[None]:
    """What S3 or this disk refuses, in one line."""
    try:
        yield
    except (InputError, OutputError):
        raise
    except OSError as error:
        raise kind(f"{place}: cannot be kept here ({error.strerror}); give more disk") from error
    except Exception as error:
        raise _of_s3(place, error, kind, needed) from error


def _of_s3(
    place: str, error: Exception, kind: type[InputError] | type[OutputError], needed: str
) -> Exception:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    reason = one_line(str(error), 1000)
    if isinstance(error, ClientError) and "404" in reason and kind is InputError:
        return NoInputError(f"{place}: is not there")
    if "AccessDenied" in reason or "403" in reason:
        return kind(f"{place}: S3 refuses it; allow the task's role {needed} there")
    if isinstance(error, Boto3Error | BotoCoreError | ClientError):
        return kind(f"{place}: {reason}")
    return error
