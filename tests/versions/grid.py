"""Every family of models, saved by every release, packed by one command.

`python -m tests.versions.grid` packs all of them and prints a table; a test packs a few. What each
cell says is what `pack` found: it compares with the release that saved the model.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.serving import ROOT
from training.__main__ import main
from training.older import environment

VERSIONS = ("1.1.3", "1.2.2", "1.3.2", "1.4.2", "1.5.2", "1.6.1", "1.7.2", "1.8.0")
CACHE = ROOT / ".venv/cache"
FAMILIES = ROOT / "tests/versions/families.py"


def saved(version: str, folder: Path, *names: str) -> Path:
    """A folder with models that this release saved, all families or those named."""
    os.environ["XDG_CACHE_HOME"] = str(CACHE)
    there = environment.ready(version, numpy_2=version >= "1.5")
    subprocess.run([there.python, FAMILIES, folder, *names], check=True, capture_output=True)
    return folder


def packed(folder: Path, *options: str) -> str:
    """How one model was packed: the engine, or why it was refused."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = main(
            [
                *("pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")),
                *("--target", "y", "--out", str(folder / "artifact")),
                *("--no-report", *options),
            ]
        )
    if code:
        return told.getvalue().strip().splitlines()[-1].partition("model.joblib: ")[2]
    engine = json.loads((folder / "artifact/manifest.json").read_text())["engine"]
    return str(engine)


def run() -> int:
    """Print the table; 1 if fewer than 85 of 100 are packed."""
    cells: dict[str, dict[str, str]] = {}
    for version in sys.argv[1:] or VERSIONS:
        with tempfile.TemporaryDirectory() as name:
            for folder in sorted(saved(version, Path(name) / "saved").iterdir()):
                cells.setdefault(folder.name, {})[version] = packed(folder)
    shown = sorted({version for row in cells.values() for version in row})
    print("| family |", " | ".join(shown), "|\n|---|", "---|" * len(shown), sep="")
    for family, row in sorted(cells.items()):
        print(f"| {family} |", " | ".join(row.get(version, "-") for version in shown), "|")
    found = [cell for row in cells.values() for cell in row.values()]
    good = [cell for cell in found if cell in ("onnx", "scikit-learn")]
    print(f"\n{len(good)} of {len(found)} are packed")
    return int(len(good) < 0.85 * len(found))


if __name__ == "__main__":
    sys.exit(run())
