"""`slipway check`, `prove`, `example`, `key`, `bench` and `predict`: their options.

This module imports little, so that `--help` is fast; the work is in `service`.
"""

import hashlib
import json
import os
import re
import secrets
import shlex
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import click

from service.settings import KEY_NAME
from slipway.options import COUNT, PATH, POSITIVE, SEPARATOR

PORT = 8080
URL = f"http://127.0.0.1:{PORT}"


class KeyName(click.ParamType[str]):
    """The name of an API key, as click reads it."""

    name = "name"

    def convert(self, value: str, param: object, ctx: object) -> str:
        """Return the name, if it is one."""
        if not re.fullmatch(KEY_NAME, value):
            raise click.BadParameter("a name has up to 64 letters, digits, '.', '_' and '-'")
        return value


@click.command()
@click.argument("artifact")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as GET /model responds.")
def check(artifact: str, as_json: bool) -> None:
    """Verify ARTIFACT as the service does at its start, and describe it.

    ARTIFACT is the folder of a packed model, or s3://BUCKET/PREFIX/.

    \b
    Example:
      slipway check artifacts/mine
    """
    from service import check as checking

    click.echo(checking.report(artifact, as_json))


@click.command()
@click.argument("artifact", required=False)
@click.option(
    "--rows",
    type=COUNT,
    default=5000,
    show_default=True,
    metavar="N",
    help="How many rows are drawn around those in the artifact.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def prove(artifact: str | None, rows: int, as_json: bool) -> int:
    """Repeat the proofs of ARTIFACT on this processor. The exit code is 1 if one fails.

    Without ARTIFACT it is the model of SERVICE_MODEL: in an image, the model of the image.

    The golden rows are predicted as at packing; ONNX Runtime predicts what scikit-learn predicts;
    rows have the same predictions alone and among others, if requests may share calls of the model.

    \b
    Example:
      slipway prove artifacts/mine
    """
    from service import prove as proving

    text, passed = proving.run(artifact, rows, as_json)
    click.echo(text)
    return int(not passed)


@click.command()
@click.argument("artifact", type=PATH)
@click.option("--url", default=URL, show_default=True, help="Where it is served.")
def example(artifact: Path, url: str) -> None:
    """Print a curl command that sends rows that the model of ARTIFACT takes.

    \b
    Example:
      slipway example artifacts/mine
    """
    click.echo(curl(artifact, url))


def curl(folder: Path, url: str) -> str:
    """A curl command that sends the example rows of an artifact."""
    from service.model import artifact, example

    content = shlex.quote(json.dumps(example.of_model(artifact.read_manifest(folder))))
    return f"curl {shlex.quote(url)}/predict -H 'Content-Type: application/json' -d {content}"


@click.command()
@click.argument("name", type=KeyName(), required=False)
def key(name: str | None) -> None:
    """Make an API key for a client, and its digest for SERVICE_API_KEYS.

    NAME is the client's name in the log.

    \b
    Example:
      slipway key mobile
    """
    click.echo(new_key(name))


def new_key(name: str | None = None) -> str:
    """A key of 256 random bits for a client, and its digest for SERVICE_API_KEYS."""
    key = secrets.token_urlsafe(32)
    digest = hashlib.sha256(key.encode()).hexdigest()
    digest = f"{name}:{digest}" if name else digest
    return f"key, for the client:               {key}\ndigest, for SERVICE_API_KEYS:      {digest}"


@click.command()
@click.argument("artifact", type=PATH)
@click.option(
    "--target-ms",
    type=POSITIVE,
    default=50.0,
    show_default=True,
    metavar="N",
    help="The time within which 99 % of the responses must come.",
)
@click.option(
    "--seconds",
    type=POSITIVE,
    default=3.0,
    show_default=True,
    metavar="N",
    help="How long each rate is tried.",
)
@click.option(
    "--rows",
    type=COUNT,
    default=3,
    show_default=True,
    metavar="N",
    help="Rows in a request.",
)
@click.option("--json", type=PATH, metavar="FILE", help="Also write the figures to a JSON file.")
def bench(**options: Any) -> None:
    """Measure how many requests one worker serves with ARTIFACT.

    \b
    Example:
      slipway bench artifacts/mine --json figures.json
    """
    from service.bench import command

    command.run(Namespace(**options))


@click.command()
@click.argument("artifact")
@click.argument("input")
@click.argument("output")
@click.option(
    "--on-error",
    type=click.Choice(("stop", "skip")),
    default="stop",
    show_default=True,
    help="At a row that the model does not take: stop, or write it to OUTPUT.bad.csv with the "
    "reason and continue.",
)
@click.option("--confidence", is_flag=True, help="Add the model's probabilities, or scores.")
@click.option("--only", is_flag=True, help="Write predictions without the input's columns.")
@click.option(
    "--safe-cells",
    is_flag=True,
    help="Put an apostrophe before text that a spreadsheet would run as a formula.",
)
@click.option(
    "--processes",
    type=COUNT,
    metavar="N",
    help="How many processes compute.  [default: one per core, at most 4]",
)
@click.option(
    "--encoding",
    default="utf-8",
    show_default=True,
    help="Encoding of INPUT, if it is text. UTF-16 with a byte order mark is recognised.",
)
@click.option(
    "--format",
    type=click.Choice(("csv", "jsonl")),
    default="csv",
    show_default=True,
    help="Format of files whose names do not say it, such as -.",
)
@click.option(
    "--separator",
    type=SEPARATOR,
    default=",",
    show_default=True,
    metavar="CHARACTER",
    help="Between cells of CSV, in and out: , or ; or | or tab.",
)
@click.option(
    "--decimal",
    type=click.Choice((".", ",")),
    default=".",
    show_default=True,
    help="Decimal separator of numbers in CSV, in and out.",
)
def predict(**options: Any) -> None:
    """Score the rows of INPUT with ARTIFACT, and write them with their predictions to OUTPUT.

    Files are CSV with a header line, JSON Lines (*.jsonl, *.ndjson) or Parquet (*.parquet, *.pq).
    Text files may end in .gz or .zst. A file may be on s3://, or - for standard input or output.

    \b
    Example:
      slipway predict artifacts/mine rows.csv scored.csv
    """
    from service.batch import command

    options["processes"] = options["processes"] or cores()
    line = command.run(Namespace(**options))
    click.echo(line, err=options["output"] == "-")  # standard output may be the file


def cores() -> int:
    """Cores that this process may use, 4 at most; 1 where forking is not safe."""
    return min(len(os.sched_getaffinity(0)), 4) if sys.platform == "linux" else 1
