"""What the commands share: options, output, the smoke test and exit codes."""

import json
import os
import re
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ecs import containers, smoke_test
from ecs.account import Account, open_account, translate_errors
from ecs.errors import EcsError, FailedError, MissingError, UnavailableError
from ecs.stacks import Stack

ARCHITECTURE = "ARM64"
KEY = "SLIPWAY_API_KEY"  # a client's key; the service has only digests


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that the commands share."""
    command = click.option(
        "--region",
        envvar="AWS_REGION",
        help="AWS region (AWS_REGION, AWS_DEFAULT_REGION, or that of the profile).",
    )(command)
    return click.option(
        "--environment",
        default="production",
        show_default=True,
        metavar="NAME",
        help="The environment; its stack is slipway-NAME.",
    )(command)


class NameAndValue(click.ParamType[tuple[str, str]]):
    """NAME=VALUE."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: object, ctx: object) -> tuple[str, str]:
        """Return the name and the value."""
        name, equals, text = value.partition("=")
        if not equals or not re.fullmatch(r"\w+", name):
            raise click.BadParameter(f"{value!r} is not NAME=VALUE")
        return name, text


def pairs(flag: str, help: str) -> Callable[..., Any]:
    """An option that takes NAME=VALUE and may be repeated."""
    return click.option(
        flag, type=NameAndValue(), multiple=True, metavar="NAME=VALUE", help=f"{help} Repeatable."
    )


def account_of(options: Namespace) -> Account:
    """Open the account to work in, and print it."""
    found = open_account(options.region)
    echo(f"account {found.id}, {found.region}, as {found.caller}")
    return found


def echo(line: str) -> None:
    """Print a line and flush it, also into a pipe."""
    print(line, flush=True)


def invoke(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Run a click command with these arguments. Return its exit code."""
    try:
        code = command.main(arguments and [*arguments], standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return int(code or 0)


def main(run: Callable[[Namespace], int], options: Namespace) -> int:
    """Run a command. Return its exit code; an error is one line on stderr."""
    try:
        with translate_errors():
            return run(options)
    except FailedError as error:
        if error.report:
            print(f"\n{error.report}\n", file=sys.stderr)
        print(f"slipway: {error}", file=sys.stderr)
        return error.exit_code
    except EcsError as error:
        print(f"slipway: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        print(
            "slipway: interrupted; AWS continues with what it has begun. Run the same command "
            "again: it waits for that and continues",
            file=sys.stderr,
        )
        return 128 + signal.SIGINT


def run_smoke_test(account: Account, stack: Stack, image: str, artifact: Path | None) -> None:
    """Send a prediction; FailedError if the response differs from the artifact's golden rows.

    The artifact is the one given, or the one in the image, which is pulled if necessary.
    """
    url = stack.outputs["Url"]
    smoke_test.wait_until_healthy(url)
    echo(f"{url}/health responds with 200")
    try:
        manifest = deployed_manifest(account, stack, image, artifact)
    except (UnavailableError, MissingError) as error:
        echo(f"no prediction was sent: {error}; use --artifact FOLDER")
        return
    body = smoke_test.check_prediction(url, manifest, os.environ.get(KEY))
    if body is None:
        echo(f"no prediction was sent: the service requires a key; set {KEY}")
    else:
        echo(f"{url}/predict responds with {body[:200]}, as the artifact predicts")


def deployed_manifest(
    account: Account, stack: Stack, image: str, artifact: Path | None
) -> dict[str, Any]:
    """Manifest of the deployed artifact."""
    if artifact:
        return dict(json.loads((artifact / "manifest.json").read_text()))
    if stack.parameters.get("ModelUri"):
        raise MissingError("the model is on S3")
    if "@" in image:
        containers.log_in(account)
    architecture = stack.parameters.get("Architecture", ARCHITECTURE)
    return containers.manifest_in(image, containers.PLATFORMS[architecture])
