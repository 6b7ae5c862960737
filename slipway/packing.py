"""`slipway fit`, `pack`, `inspect` and `diff`: their options.

This module imports little, so that `--help` is fast; the work is in `training.commands`.
"""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from service.model.limits import Limits
from slipway import options
from slipway.options import UnwritableError

ARTIFACT = Path("artifacts/model")
ENGINES = ("auto", "onnx", "sklearn")
KINDS = "category, text, integer, number, boolean, date or datetime"


trust = click.option(
    "--trust",
    multiple=True,
    metavar="NAME",
    help="A class, function or module of your own that the model needs. Its code will run. "
    "May be repeated.",
)
target = click.option(
    "--target",
    default="",
    metavar="COLUMN",
    help="What the model predicts, if the sample has it; several separated by commas.",
)
ignore = click.option(
    "--ignore",
    default="",
    metavar="COLUMN",
    help="Further columns of the sample that the model does not take, separated by commas.",
)
kind = click.option(
    "--kind",
    multiple=True,
    metavar="NAME=KIND",
    help=f"The type of a column: {KINDS}. May be repeated.",
)
env = click.option(
    "--env",
    type=options.PATH,
    metavar="PYTHON",
    help="A Python that has the scikit-learn that saved the model, if that is another one.",
)
packages = click.option(
    "--with",
    "packages",
    multiple=True,
    metavar="PACKAGE",
    help="What to install beside the scikit-learn that saved the model, such as xgboost==2.1.4. "
    "May be repeated.",
)
code = click.option(
    "--code",
    multiple=True,
    metavar="PATH",
    help="A module or folder of your own that the model needs and the artifact brings, or "
    "SCRIPT.py:CLASS for a class of a script. Its code will run. May be repeated.",
)
versions = click.option(
    "--versions",
    type=click.Choice(("auto", "today", "saved")),
    default="auto",
    show_default=True,
    help="Which scikit-learn serves a model that another one saved. auto: today's if it answers "
    "equally, or else the one that saved it.",
)
# The command that `training.older.saved` runs in the environment of a lock.
lock = click.option("--lock", type=options.PATH, hidden=True)
held_out = click.option(
    "--held-out", is_flag=True, help="The model has not seen the rows of the sample."
)
example = click.option(
    "--example",
    type=options.PATH,
    metavar="FILE",
    help="Rows for the service's page and its examples, which its clients see.  [default: typical "
    "ones, made from the sample]",
)
trust_code = click.option(
    "--trust-code",
    multiple=True,
    metavar="DIGEST",
    help="Code that an artifact brings and that may run: a value of SERVICE_TRUSTED_CODE. "
    "May be repeated.",
)
engine = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="auto",
    show_default=True,
    help="What computes predictions. auto: the faster one, if both give equal answers.",
)
report = click.option(
    "--report/--no-report",
    default=True,
    help="Write a report on the model's quality, which takes a second or two.",
)
out = click.option(
    "--out",
    type=options.PATH,
    default=ARTIFACT,
    show_default=True,
    metavar="DIR",
    help="The folder of the artifact.",
)
name = click.option("--name", help="The model's name.  [default: that of the file]")
sample = click.option(
    "--sample",
    type=options.PATH,
    required=True,
    metavar="FILE",
    help="Rows that the model takes: CSV, or .parquet, .arrow or .feather, which keep types.",
)
separator = click.option(
    "--separator",
    type=options.SEPARATOR,
    default=",",
    show_default=True,
    metavar="CHARACTER",
    help="Between cells of a sample of CSV: , or ; or | or tab.",
)
decimal = click.option(
    "--decimal",
    type=click.Choice((".", ",")),
    default=".",
    show_default=True,
    help="Decimal separator of numbers in a sample of CSV.",
)

as_json = click.option(
    "--json", is_flag=True, help="Print one JSON object; all else goes to standard error."
)


def limits(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that limit how a model is loaded."""
    command = click.option(
        "--load-bytes",
        type=options.COUNT,
        default=Limits().bytes,
        show_default=True,
        metavar="N",
        help="Memory for that, on top of what the process has.",
    )(command)
    return click.option(
        "--load-seconds",
        type=options.POSITIVE,
        default=Limits().seconds,
        show_default=True,
        metavar="N",
        help="Time for a model to load and to replay its golden rows.",
    )(command)


@click.command()
@click.option(
    "--data", type=options.PATH, metavar="CSV", help="Readings.  [default: those of the repository]"
)
@engine
@report
@out
def fit(**given: Any) -> None:
    """Train the sensor model, evaluate it, and pack it if it is good enough.

    \b
    Example:
      slipway fit --out artifacts/sensors
    """
    from training import commands
    from training.sensor_example import data

    write(commands.fit, given | {"data": given["data"] or data.DEFAULT})


@click.command()
@click.argument("model", type=options.PATH, nargs=-1, required=True)
@sample
@separator
@decimal
@target
@ignore
@kind
@name
@trust
@code
@env
@packages
@versions
@lock
@engine
@report
@held_out
@example
@limits
@as_json
@out
def pack(**given: Any) -> None:
    """Pack MODEL, a fitted scikit-learn estimator that joblib.dump wrote.

    It may also be a folder of MLflow, an archive such as model.tar.gz, or a file of skops. Several
    files are applied in their order, the model last.

    \b
    Examples:
      slipway pack model.joblib --sample rows.csv --target price --out artifacts/mine
      slipway pack vectorizer.joblib model.joblib --sample texts.csv
    """
    from training import commands

    write(commands.pack, {**given, "served": False})


@click.command()
@click.argument("file", type=options.PATH)
@trust
@as_json
def inspect(**given: Any) -> None:
    """List what a model file would import, without importing it.

    FILE is a model file or the folder of an artifact.

    \b
    Example:
      slipway inspect model.joblib
    """
    from training import commands

    commands.inspect(Namespace(**given))


@click.command()
@click.argument("old", type=options.PATH)
@click.argument("new", type=options.PATH)
@click.option("--sample", type=options.PATH, metavar="FILE", help="Rows to compare predictions on.")
@separator
@decimal
@trust
@trust_code
@limits
@as_json
@click.pass_context
def diff(context: click.Context, /, **given: Any) -> None:
    """List what changes if the artifact NEW replaces the artifact OLD.

    The exit code is 1 if the change breaks clients or needs another setting.

    \b
    Example:
      slipway diff artifacts/mine artifacts/next --sample rows.csv
    """
    from service.settings import Settings
    from training import commands

    given["trust_code"] = (*given["trust_code"], *Settings.from_environment().trusted_code)
    context.exit(commands.diff(Namespace(**given)))


def write(command: Callable[[Namespace], None], given: dict[str, Any]) -> None:
    """Run a command that writes an artifact.

    The command also gets the arguments of the command line, for messages with the next command.
    """
    arguments = click.get_current_context().find_root().obj
    try:
        command(Namespace(**given, given=arguments))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UnwritableError(f"cannot be written ({error}); choose another place") from error
