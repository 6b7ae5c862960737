"""Files on S3, standard input and standard output. The input is copied to a local file first, and
the output is uploaded or printed at the end.

So an object on S3 is complete or does not exist, and a failed run prints nothing. The copies are
deleted at the end of a run, so an interrupted run cannot be resumed.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from service.batch.file_names import STANDARD
from service.batch.partial_output import BAD, OutputError
from service.batch.tables import InputError, NoInputError, NotInstalledError
from service.model.errors import one_line
from service.model.remote import REQUIRED, SCHEME


@contextmanager
def local_input(location: str) -> Iterator[Path]:
    """The path of the input, or of a copy of it."""
    with _local(location, "standard input") as path:
        if location == STANDARD:
            with _reporting("standard input", InputError, ""), path.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        if location.startswith(SCHEME):
            bucket, key = _address(location)
            with _reporting(location, InputError, "s3:GetObject"), _client(location) as client:
                client.download_file(bucket, key, str(path))
        yield path


@contextmanager
def local_output(location: str) -> Iterator[Path]:
    """The path to write to. At the end of the block the file is uploaded or printed.

    Rejected rows are uploaded first; those of an earlier run are deleted.
    """
    with _local(location, "standard output") as path:
        yield path
        if location == STANDARD:
            _print(path)
        if location.startswith(SCHEME):
            bucket, key = _address(location)
            with _reporting(location, OutputError, "s3:PutObject"), _client(location) as client:
                bad = path.with_name(f"{path.name}{BAD}")
                if bad.exists():
                    client.upload_file(str(bad), bucket, f"{key}{BAD}")
                else:
                    client.delete_object(Bucket=bucket, Key=f"{key}{BAD}")
                client.upload_file(str(path), bucket, key)


def display_name(location: str) -> str:
    """The name of an output in messages."""
    return "standard output" if location == STANDARD else location


@contextmanager
def _local(location: str, standard: str) -> Iterator[Path]:
    """The local path of a location, in a temporary folder if it is not a local file.

    Errors name the location; `standard` is their name for `-`.
    """
    if location != STANDARD and not location.startswith(SCHEME):
        yield Path(location)
        return
    with TemporaryDirectory(prefix="slipway-") as folder:
        name = "rows" if location == STANDARD else _address(location)[1].rpartition("/")[2]
        path = Path(folder, name)
        try:
            yield path
        except (InputError, OutputError) as error:
            called = standard if location == STANDARD else location
            raise type(error)(str(error).replace(str(path), called)) from error


def _print(path: Path) -> None:
    """Copy a file to standard output."""
    sys.stdout.flush()
    try:
        with path.open("rb") as file, open(1, "wb", closefd=False) as output:
            shutil.copyfileobj(file, output)
    except OSError as error:
        raise OutputError(f"standard output: cannot be written ({error.strerror})") from error


def _address(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix(SCHEME).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise InputError(f"{location}: is not a file; it must be like s3://bucket/folder/file.csv")
    return bucket, key


@contextmanager
def _client(location: str) -> Iterator[Any]:
    try:
        import boto3
    except ImportError as error:
        raise NotInstalledError(f"{location}: {REQUIRED}") from error
    with closing(boto3.client("s3")) as client:
        yield client


@contextmanager
def _reporting(
    location: str, kind: type[InputError] | type[OutputError], needed: str
) -> Iterator[None]:
    """Turn errors of S3 or of the local disk into errors of one line."""
    try:
        yield
    except (InputError, OutputError):
        raise
    except OSError as error:
        raise kind(
            f"{location}: cannot be copied to the local disk ({error.strerror}); provide more disk"
        ) from error
    except Exception as error:
        raise _of_s3(location, error, kind, needed) from error


def _of_s3(
    location: str, error: Exception, kind: type[InputError] | type[OutputError], needed: str
) -> Exception:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    reason = one_line(str(error), 1000)
    if isinstance(error, ClientError) and "404" in reason and kind is InputError:
        return NoInputError(f"{location}: does not exist")
    if "AccessDenied" in reason or "403" in reason:
        return kind(f"{location}: S3 denies access; allow the task's role {needed} there")
    if isinstance(error, Boto3Error | BotoCoreError | ClientError):
        return kind(f"{location}: {reason}")
    return error
