"""Errors that end a command, each with one line of text and an exit code."""

import os


class EcsError(Exception):
    """A command cannot be completed. The text is one line: what is wrong and what to do.

    EcsError
    ├── UsageError        64: the arguments cannot be used
    ├── MissingError      66: something required does not exist
    ├── UnavailableError  69: AWS or the container engine cannot be used
    ├── FailedError       1:  the deployment failed, or the service does not work as expected
    └── DeniedError       77: no credentials, or they lack a permission
    """

    exit_code = 1


class UsageError(EcsError):
    """The arguments cannot be used."""

    exit_code = os.EX_USAGE


class MissingError(EcsError):
    """Something required does not exist."""

    exit_code = os.EX_NOINPUT


class UnavailableError(EcsError):
    """AWS or the container engine cannot be used."""

    exit_code = os.EX_UNAVAILABLE


class FailedError(EcsError):
    """The deployment failed. `report` has the events and logs that explain it."""

    exit_code = 1

    def __init__(self, message: str, report: str = "") -> None:
        super().__init__(message)
        self.report = report


class DeniedError(EcsError):
    """No credentials, or they lack a permission."""

    exit_code = os.EX_NOPERM
