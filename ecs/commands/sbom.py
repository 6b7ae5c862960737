"""List what an image is made of, as CycloneDX, in two files; `make sbom` runs it."""

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


def run(asked: argparse.Namespace) -> int:
    """Write the files, and tell how much is in them."""
    for path in sbom.of_image(asked.image, asked.folder):
        count = len(json.loads(path.read_text())["components"])
        options.tell(f"{path}: {count} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
