"""`slipway serve`: from an artifact, or from a model file, to a service that responds."""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from service import __version__, settings
from slipway import packing
from slipway.options import COUNT, PATH, UnreadableError

HOST = "127.0.0.1"
CONFIG = Path(__file__).with_name("gunicorn.conf.py")  # a link to that of the repository


@click.command()
@click.argument("place", metavar="ARTIFACT|MODEL")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
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
@packing.limits
def serve(place: str, host: str, port: int, workers: int | None, **options: Any) -> None:
    """Serve ARTIFACT, the folder of a packed model or s3://BUCKET/PREFIX/.

    A model file is packed before, into the user's cache; that needs --sample. The options from
    --target on are those of pack.

    \b
    Examples:
      slipway serve artifacts/mine --port 9000
      slipway serve model.joblib --sample rows.csv
    """
    trusted = options["trust"]
    if Path(place).is_file():
        if options["sample"] is None:
            raise click.UsageError(
                f"{place} is a file: to pack it, name rows that the model takes with --sample"
            )
        place = str(packed(Path(place), options))
    elif options["sample"] is not None:
        raise click.UsageError(f"{place} is no file; --sample is for a model file")
    values = {"SERVICE_MODEL": place}
    if workers is not None:
        values["WEB_CONCURRENCY"] = str(workers)
    environment = settings.inherited(**values)
    environment.setdefault("SERVICE_DRAIN_SECONDS", "0")
    if trusted:
        environment.setdefault("SERVICE_TRUSTED_MODULES", ",".join(trusted))
    if options["code"] and options["sample"] is not None:  # it was packed now, with this code
        from service.model import artifact

        brought = artifact.read_manifest(Path(place)).code
        environment.setdefault("SERVICE_TRUSTED_CODE", brought["digest"])
    binds = [f"--bind={host}:{port}"]
    if "SERVICE_METRICS_PORT" in environment:
        binds.append(f"--bind={host}:{environment['SERVICE_METRICS_PORT']}")
    sys.stdout.flush()
    command = [sys.executable, "-m", "gunicorn", "--config", str(CONFIG), *binds]
    os.execve(sys.executable, command, environment)  # noqa: S606


def packed(model: Path, options: dict[str, Any]) -> Path:
    """The artifact of a model file, packed now if it was not packed before."""
    from training import commands
    from training.older.environment import cache

    folder = cache().parent / "packed" / f"{model.name.split('.')[0]}-{digest(model, options)}"
    if (folder / "manifest.json").exists():
        click.echo(f"{model} was packed before: {folder}")
        return folder
    packing.write(
        commands.pack, {**options, "model": [model], "out": folder, "report": True, "lock": None}
    )
    return folder


def digest(model: Path, options: dict[str, Any]) -> str:
    """Twelve digits that differ if the model, the sample, an option or a version differs."""
    from importlib.metadata import version

    found = hashlib.sha256(repr((__version__, version("scikit-learn"))).encode())
    for path in (model, options["sample"]):
        try:
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise UnreadableError(f"{path}: cannot be read ({error.strerror})") from error
    others = {name: value for name, value in options.items() if name != "sample"}
    found.update(repr(sorted(others.items())).encode())
    return found.hexdigest()[:12]
