"""What the commands share: options, output, the smoke test and exit codes."""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecs import containers, smoke_test
from ecs.account import Account, open_account, translate_errors
from ecs.errors import EcsError, FailedError, MissingError, UnavailableError
from ecs.stacks import Stack

ARCHITECTURE = "ARM64"
KEY = "SLIPWAY_API_KEY"  # a client's key; the service itself knows only digests


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that all commands have."""
    made = argparse.ArgumentParser(
        prog=f"ecs/{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--environment",
        default="production",
        metavar="NAME",
        help="the environment; its stack is slipway-NAME (%(default)s)",
    )
    made.add_argument(
        "--region",
        default=os.environ.get("AWS_REGION"),
        help="AWS region (AWS_REGION, AWS_DEFAULT_REGION, or that of the profile)",
    )
    return made


def name_and_value(text: str) -> tuple[str, str]:
    """Parse NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"\w+", name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def account_of(options: argparse.Namespace) -> Account:
    """Open the account to work in, and print it."""
    found = open_account(options.region)
    echo(f"account {found.id}, {found.region}, as {found.caller}")
    return found


def echo(line: str) -> None:
    """Print a line and flush it, also into a pipe."""
    print(line, flush=True)


def main(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
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
        echo(f"{url}/predict responds with {body[:200]}, as the artifact does")


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
