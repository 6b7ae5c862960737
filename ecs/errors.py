"""What stops a command, told in one line, with the code that it exits with."""

import os


class EcsError(Exception):
    """A command cannot do what it was asked; the text is one line: what is wrong, what to do.

    EcsError
    ├── UsageError        64: what was asked cannot be
    ├── MissingError      66: something that is needed is not there
    ├── UnavailableError  69: AWS or the container engine cannot be used
    ├── FailedError       1:  the deployment failed, or does not do what it should
    └── DeniedError       77: no credentials, or these may not do it
    """

    exit_code = 1


class UsageError(EcsError):
    """What was asked cannot be."""

    exit_code = os.EX_USAGE


class MissingError(EcsError):
    """Something that is needed is not there."""

    exit_code = os.EX_NOINPUT


class UnavailableError(EcsError):
    """AWS or the container engine cannot be used."""

    exit_code = os.EX_UNAVAILABLE


class FailedError(EcsError):
    """The deployment failed; `report` holds what one would have to dig for."""

    exit_code = 1

    def __init__(self, told: str, report: str = "") -> None:
        super().__init__(told)
        self.report = report


class DeniedError(EcsError):
    """No credentials, or these may not do it."""

    exit_code = os.EX_NOPERM
