"""Lists the commands, imports one when it is used, and prints its errors."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from service import __version__
from service.model.errors import SlipwayError
from service.model.installation import CHECKOUT, DISTRIBUTION, pip_install

# By name: the module of a command, and its line in `slipway --help`.
COMMANDS = {
    "serve": ("slipway.serve", "Serve a packed model, or pack a model file and serve it."),
    "pack": ("slipway.packing", "Pack a fitted scikit-learn estimator."),
    "inspect": ("slipway.packing", "List what a model file would import, without importing it."),
    "init": ("slipway.init", "Write a Dockerfile and a compose file beside an artifact."),
    "fit": ("slipway.packing", "Train and pack the sensor model."),
    "diff": ("slipway.packing", "List what changes if an artifact replaces another."),
    "check": ("slipway.serving", "Verify an artifact as the service does, and describe it."),
    "prove": ("slipway.serving", "Repeat the proofs of an artifact on this processor."),
    "example": ("slipway.serving", "Print a curl command with rows that the model takes."),
    "predict": ("slipway.serving", "Score a file of rows."),
    "bench": ("slipway.serving", "Measure how many requests one worker serves."),
    "key": ("slipway.serving", "Make an API key, and its digest for SERVICE_API_KEYS."),
    "verify": ("ecs.commands.verify", "Check what a deployment requires, and what runs."),
    "deploy": ("ecs.commands.deploy", "Build the image, push it, and update the service on ECS."),
    "rollback": ("ecs.commands.rollback", "Roll back to an earlier image."),
    "cost": ("ecs.commands.cost", "Compare the monthly cost on Fargate and on Lambda."),
    "destroy": ("ecs.commands.destroy", "Delete an environment and everything that costs money."),
}
# Packages that may not be installed, by module; those of one extra are installed together.
EXTRAS = {
    **dict.fromkeys(("yaml", "pandas", "onnx", "skl2onnx", "matplotlib", "lz4"), "pack"),
    **dict.fromkeys(("boto3", "botocore"), "s3"),
    "pyarrow": "parquet",
}
TARGETS = {"pack": "serving", "deploy": "deploying"}  # of make, in .venv/
INTERRUPTED = {
    "pack": "; nothing was published",
    "fit": "; nothing was published",
    "predict": "; run the command again to resume",
}


class InterruptedCommandError(SlipwayError):
    """Ctrl-C ended a command. Click's own handling would print an empty line first."""

    exit_code = 130


class Commands(click.Group):
    """A group whose commands are imported one at a time."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            way = INTERRUPTED.get(ctx.invoked_subcommand or "", "")
            raise InterruptedCommandError(f"interrupted{way}") from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a user's first day."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="slipway")
def commands() -> None:
    """Serve scikit-learn models as REST APIs.

    \b
    Example:
      slipway serve model.joblib --sample rows.csv
    """


def installation_advice(command: str, module: str) -> str | None:
    """Advice for a command whose module is not installed; None if no extra has the module."""
    if module in ("training", "ecs"):
        return (
            "which the image of the service does without: use a checkout, or the image that packs"
        )
    extra = EXTRAS.get(module)
    if extra is None:
        return None
    if COMMANDS[command][0].startswith("ecs."):
        extra = "deploy"
    if not CHECKOUT.exists():
        return f"which is not installed: {pip_install(f'{DISTRIBUTION}[{extra}]')}"
    if extra in TARGETS:
        return f"which is not installed: in the checkout, make .venv/{TARGETS[extra]}"
    lock = CHECKOUT.parent / "requirements" / f"{extra}.txt"
    return f"which is not installed: {pip_install('-r', str(lock))}"


def main(arguments: Sequence[str] | None = None, prog: str = "slipway") -> int:
    """Run one command. Return 0, or the sysexits code of an error, which is one line on stderr.

    `python -m training` and `python -m service` are other spellings.
    """
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    try:
        result: Any = commands.main(given, prog_name=prog, standalone_mode=False, obj=given)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ModuleNotFoundError as error:
        way = installation_advice(given[0], str(error.name).split(".")[0])
        if way is None:
            raise
        print(f"slipway: {given[0]} needs {error.name}, {way}", file=sys.stderr)
        return os.EX_UNAVAILABLE
    except SlipwayError as error:
        print(f"slipway: {error}", file=sys.stderr)
        return error.exit_code
    return result if isinstance(result, int) else 0
