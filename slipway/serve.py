"""`slipway serve`: starts the service with an artifact, or packs a model file and serves it."""

import hashlib
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from service import __version__, settings
from service.model.installation import program
from slipway import packing, serving
from slipway.options import COUNT, PATH, UnreadableError

HOST = "127.0.0.1"
EVERY = "0.0.0.0"  # noqa: S104 (what the user gave, and not a default)
CONFIG = Path(__file__).with_name("gunicorn.conf.py")  # a link to the file of the repository
ROOT = Path(__file__).parents[1]


@click.command()
@click.argument("places", metavar="ARTIFACT|MODEL...", nargs=-1, required=True)
@click.option("--port", type=click.IntRange(1, 65535), default=serving.PORT, show_default=True)
@click.option(
    "--host",
    default=HOST,
    show_default=True,
    help="The address to listen on; 0.0.0.0 for all of the machine's.",
)
@click.option(
    "--workers",
    type=COUNT,
    metavar="N",
    help="How many processes respond.  [default: WEB_CONCURRENCY, or 1]",
)
@click.option("--sample", type=PATH, metavar="FILE", help="Rows that MODEL takes, as for pack.")
@packing.separator
@packing.decimal
@packing.target
@packing.ignore
@packing.kind
@packing.name
@packing.trust
@packing.env
@packing.packages
@packing.code
@packing.versions
@packing.engine
@packing.held_out
@packing.example
@packing.limits
def serve(
    places: tuple[str, ...], host: str, port: int, workers: int | None, **options: Any
) -> None:
    """Serve ARTIFACT, the folder of a packed model or s3://BUCKET/PREFIX/.

    MODEL is one that pack takes: a file, several files, or a folder of MLflow. It is first packed,
    into the user's cache, which needs --sample. The options from --separator on are those of pack.

    \b
    Examples:
      slipway serve artifacts/mine --port 9000
      slipway serve model.joblib --sample rows.csv
    """
    trusted, python = options["trust"], sys.executable
    [place, *others] = places
    if others or is_model(Path(place)):
        if options["sample"] is None:
            raise click.UsageError(
                f"{', '.join(places)}: to pack a model, name rows that it takes with --sample"
            )
        place = str(packed_artifact([*map(Path, places)], options))
        python = python_of(Path(place))
    elif options["sample"] is not None:
        raise click.UsageError(f"{place} is no model file; --sample is for one")
    values = {"SERVICE_MODEL": place}
    if workers is not None:
        values["WEB_CONCURRENCY"] = str(workers)
    environment = settings.inherited(**values)
    environment.setdefault("SERVICE_DRAIN_SECONDS", "0")
    if trusted:
        environment.setdefault("SERVICE_TRUSTED_MODULES", ",".join(trusted))
    if options["code"] and options["sample"] is not None:  # the artifact has this code
        from service.model import artifact

        brought = artifact.read_manifest(Path(place)).code
        environment.setdefault("SERVICE_TRUSTED_CODE", brought["digest"])
    binds = [f"--bind={host}:{port}"]
    if "SERVICE_METRICS_PORT" in environment:
        binds.append(f"--bind={host}:{environment['SERVICE_METRICS_PORT']}")
    if python != sys.executable:
        environment["PYTHONPATH"] = str(ROOT)
    if not place.startswith("s3://"):
        url = f"http://{HOST if host == EVERY else host}:{port}"
        at = "" if url == serving.URL else f" --url {url}"
        print(f"try it:    {program()} example {shlex.quote(place)}{at}")
    sys.stdout.flush()
    command = [python, "-m", "gunicorn", "--config", str(CONFIG), *binds]
    os.execve(python, command, environment)  # noqa: S606


def python_of(folder: Path) -> str:
    """The Python that serves an artifact packed on this machine: that of its lock, if it has one.

    The environment of a lock has the libraries of the service, but not Slipway itself.
    """
    from service.model.locked import LOCK
    from training.older import lock

    return str(lock.python_of(folder / LOCK)) if (folder / LOCK).exists() else sys.executable


def is_model(path: Path) -> bool:
    """Whether a path is a model that must be packed first, not an artifact."""
    return path.is_file() or (path / "MLmodel").is_file()


def packed_artifact(models: Sequence[Path], options: dict[str, Any]) -> Path:
    """The artifact of a model, which is packed unless the cache has it."""
    from training import commands
    from training.older.environment import cache

    name = models[-1].resolve().name.split(".")[0]
    folder = cache().parent / "packed" / f"{name}-{digest(models, options)}"
    if (folder / "manifest.json").exists():
        click.echo(f"{', '.join(map(str, models))} was packed before: {folder}")
        return folder
    fixed = {"model": models, "out": folder, "report": True, "lock": None, "json": False}
    packing.write(commands.pack, {**options, **fixed, "served": True})
    return folder


def digest(models: Sequence[Path], options: dict[str, Any]) -> str:
    """Twelve digits of a hash over the models, their code, the sample, options and versions."""
    from importlib.metadata import version

    found = hashlib.sha256(repr((__version__, version("scikit-learn"))).encode())
    code = [Path(one.partition(":")[0]) for one in options["code"]]
    rows = [path for path in (options["sample"], options["example"]) if path is not None]
    for path in (*models, *rows, *code):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if not file.is_dir() and file.suffix != ".pyc":
                found.update(_content(file))
    others = {name: value for name, value in options.items() if name != "sample"}
    found.update(repr(sorted(others.items())).encode())
    return found.hexdigest()[:12]


def _content(path: Path) -> bytes:
    """The digest of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read ({error.strerror})") from error
