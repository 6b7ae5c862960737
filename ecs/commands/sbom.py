"""Write the software bill of materials of an image, as two CycloneDX files (`make sbom`)."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ecs import sbom as bills
from ecs.commands import options


@click.command()
@click.argument("image")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def sbom(context: click.Context, /, **given: Any) -> None:
    """Write the bill of materials of IMAGE, which the container engine has, to FOLDER."""
    context.exit(options.main(run, Namespace(**given)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments."""
    return options.invoke(sbom, arguments)


def run(args: Namespace) -> int:
    """Write the files and print their sizes."""
    for path in bills.of_image(args.image, args.folder):
        count = len(json.loads(path.read_text())["components"])
        options.echo(f"{path}: {count} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
