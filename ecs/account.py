"""The AWS account and region that a command works in, and AWS's errors as one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from ecs.errors import DeniedError, EcsError, UnavailableError, UsageError

# A throttled or lost call must not end a deployment that is under way.
RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 8})
LOGIN = "log in (aws sso login, or aws configure), or set AWS_PROFILE"
INVALID_CREDENTIALS = {
    "ExpiredToken",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "RequestExpired",
}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure"}


@dataclass(frozen=True, slots=True)
class Account:
    """The caller's session, account and region."""

    session: Any
    id: str
    region: str
    caller: str

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of this service, with retries; in the account's region or another one."""
        return self.session.client(service, config=RETRIES, region_name=region)


def open_account(region: str | None) -> Account:
    """Find credentials and region, and look up the caller; EcsError if that fails."""
    with translate_errors():
        session = boto3.Session(region_name=region)
        chosen = session.region_name
        if not chosen:
            raise UsageError("no region is set: give --region, or set AWS_DEFAULT_REGION")
        known = [
            name
            for partition in session.get_available_partitions()
            for name in session.get_available_regions("ecs", partition)
        ]
        if chosen not in known:
            close = get_close_matches(chosen, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "see aws account list-regions"
            raise UsageError(f"{chosen} is not a region with ECS; {hint}")
        identity = session.client("sts").get_caller_identity()
    return Account(session, identity["Account"], chosen, identity["Arn"])


@contextmanager
def translate_errors() -> Iterator[None]:
    """Convert exceptions of boto3 into EcsError with one line of text."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise DeniedError(f"no AWS credentials ({_one_line(error)}); {LOGIN}") from error
    except EndpointConnectionError as error:
        raise UnavailableError(f"{_one_line(error)} Check the network and the region.") from error
    except ClientError as error:
        raise _of_client(error) from error
    except BotoCoreError as error:
        raise UnavailableError(f"AWS cannot be reached: {_one_line(error)}") from error


def error_code(error: ClientError) -> str:
    """AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _of_client(error: ClientError) -> EcsError:
    code, message = error_code(error), _one_line(error.response.get("Error", {}).get("Message", ""))
    if code in INVALID_CREDENTIALS:
        return DeniedError(f"AWS does not accept these credentials: {message} ({code}); {LOGIN}")
    detail = f"{error.operation_name}: {message or 'no reason given'} ({code})"
    if code in DENIED:
        return DeniedError(f"AWS does not allow {detail}")
    return UnavailableError(f"AWS rejected {detail}")


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:400]
