"""The AWS account and region that a command works in, and AWS's errors in one line."""

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

# A throttled or a lost call must not end a deployment that is waited for.
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8})
LOGIN = "log in (aws sso login, or aws configure), or set AWS_PROFILE"
UNKNOWN_CALLER = {"ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "RequestExpired"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure"}


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are, and where."""

    session: Any
    id: str
    region: str
    caller: str

    def client(self, service: str) -> Any:
        """A client of one of AWS's services."""
        return self.session.client(service, config=PATIENT)


def open_account(region: str | None) -> Account:
    """Find credentials and region, and ask AWS whose they are; EcsError if that cannot be."""
    with told_in_one_line():
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
            raise UsageError(f"{chosen} is no region that has ECS; {hint}")
        identity = session.client("sts").get_caller_identity()
    return Account(session, identity["Account"], chosen, identity["Arn"])


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn what AWS and its library raise into an EcsError."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise DeniedError(f"no AWS credentials ({_line(error)}); {LOGIN}") from error
    except EndpointConnectionError as error:
        raise UnavailableError(f"{_line(error)} Is the network up, the region right?") from error
    except ClientError as error:
        raise _of_client(error) from error
    except BotoCoreError as error:
        raise UnavailableError(f"AWS cannot be asked: {_line(error)}") from error


def code_of(error: ClientError) -> str:
    """AWS's own name for an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _of_client(error: ClientError) -> EcsError:
    code, message = code_of(error), _line(error.response.get("Error", {}).get("Message", ""))
    if code in UNKNOWN_CALLER:
        return DeniedError(f"AWS does not take these credentials: {message} ({code}); {LOGIN}")
    told = f"{error.operation_name}: {message or 'no reason given'} ({code})"
    if code in DENIED:
        return DeniedError(f"AWS does not allow {told}")
    return UnavailableError(f"AWS refuses {told}")


def _line(text: object) -> str:
    return " ".join(str(text).split())[:400]
