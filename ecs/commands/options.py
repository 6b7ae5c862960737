"""What the commands share: options, how they tell, and how they end."""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecs import containers, smoke
from ecs.account import Account, open_account, told_in_one_line
from ecs.errors import EcsError, FailedError, MissingError, UnavailableError
from ecs.stacks import Stack

ARCHITECTURE = "ARM64"
KEY = "SLIPWAY_API_KEY"  # a client's key; the service itself knows only digests


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that each command has."""
    made = argparse.ArgumentParser(
        prog=f"ecs/{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--environment",
        default="production",
        metavar="NAME",
        help="which one; its stack is slipway-NAME (%(default)s)",
    )
    made.add_argument(
        "--region",
        default=os.environ.get("AWS_REGION"),
        help="AWS region (AWS_REGION, AWS_DEFAULT_REGION, or that of the profile)",
    )
    return made


def pair(text: str) -> tuple[str, str]:
    """Parse NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"\w+", name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def opened(options: argparse.Namespace) -> Account:
    """The account to work in, told."""
    found = open_account(options.region)
    tell(f"account {found.id}, {found.region}, as {found.caller}")
    return found


def tell(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def main(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; its exit code, or that of what went wrong, told in one line on stderr."""
    try:
        with told_in_one_line():
            return run(options)
    except FailedError as error:
        if error.report:
            print(f"\n{error.report}\n", file=sys.stderr)
        print(f"slipway: {error}", file=sys.stderr)
        return error.exit_code
    except EcsError as error:
        print(f"slipway: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # whoever read this has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        print(
            "slipway: interrupted; AWS goes on with what it has begun. The same command again "
            "waits for that, and goes on from there",
            file=sys.stderr,
        )
        return 128 + signal.SIGINT


def try_out(account: Account, stack: Stack, image: str, artifact: Path | None) -> None:
    """Ask the deployed service; FailedError if it does not answer as its artifact says.

    The artifact is the one given, or that in the image, which is pulled if it is not here.
    """
    url = stack.outputs["Url"]
    smoke.healthy(url)
    tell(f"{url}/health answers 200")
    try:
        manifest = expected(account, stack, image, artifact)
    except (UnavailableError, MissingError) as error:
        tell(f"no prediction was tried: {error}; --artifact FOLDER says what to ask")
        return
    answer = smoke.predict(url, manifest, os.environ.get(KEY))
    if answer is None:
        tell(f"no prediction was tried: the service wants a key; set {KEY} to one")
    else:
        tell(f"{url}/predict answers {answer[:200]}, as the artifact says")


def expected(account: Account, stack: Stack, image: str, artifact: Path | None) -> dict[str, Any]:
    """The manifest of the artifact that is deployed."""
    if artifact:
        return dict(json.loads((artifact / "manifest.json").read_text()))
    if stack.parameters.get("ModelUri"):
        raise MissingError("the model is on S3")
    if "@" in image:
        containers.log_in(account)
    architecture = stack.parameters.get("Architecture", ARCHITECTURE)
    return containers.manifest_in(image, containers.PLATFORMS[architecture])
