"""Write the software bill of materials of an image, as two CycloneDX files (`make sbom`)."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ecs import sbom
from ecs.commands import options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ecs.commands.sbom", description=__doc__)
    parser.add_argument("image", metavar="IMAGE", help="an image that the container engine has")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write the files")
    return options.main(run, parser.parse_args(arguments))


def run(args: argparse.Namespace) -> int:
    """Write the files and print their sizes."""
    for path in sbom.of_image(args.image, args.folder):
        count = len(json.loads(path.read_text())["components"])
        options.echo(f"{path}: {count} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
