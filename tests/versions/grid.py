"""Every family of models, saved by every release, packed by one command.

`python -m tests.versions.grid [RELEASE or FAMILY ...]` packs all of them, or those named, and
prints a table; a test packs a few. What each cell says is what `pack` found: it compares with the
release that saved the model. `a` is ONNX, `b` today's scikit-learn with migrated attributes, `c`
the release that saved it, by a lock. Why a cell is neither `a` nor `b` stands below the table.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.serving import ROOT
from training.__main__ import main
from training.older import environment

VERSIONS = ("1.1.3", "1.2.2", "1.3.2", "1.4.2", "1.5.2", "1.6.1", "1.7.2", "1.8.0")
OLD = ("0.20.4", "0.22.2", "0.23.2", "0.24.2", "1.0.2")  # on Python 3.7 to 3.10
LEAST = {**dict.fromkeys(VERSIONS, 0.85), **dict.fromkeys(OLD, 0.8)}  # share of cells by a or b
ROUTES = {"onnx": "a", "migration": "b", "lock": "c"}
WHY = re.compile(r"^note: (.*); trying that release itself$", re.M)
CACHE = ROOT / ".venv/cache"
FAMILIES = ROOT / "tests/versions/families.py"


@dataclass(frozen=True, slots=True)
class Cell:
    """How one model was packed: a, b, c or - if it was refused; why it is neither a nor b."""

    route: str
    why: str = ""


def there(version: str) -> environment.Environment:
    """An environment with this release."""
    os.environ["XDG_CACHE_HOME"] = str(CACHE)
    return environment.ready(version, numpy_2=environment.parsed(version) >= (1, 5))


def saved(version: str, folder: Path, *names: str) -> Path:
    """A folder with models that this release saved, all families or those named."""
    python = there(version).python
    subprocess.run([python, FAMILIES, folder, *names], check=True, capture_output=True)
    return folder


def packed(folder: Path, *options: str) -> str:
    """How one model was packed: the engine, or why it was refused."""
    code, printed = _pack(folder, *options)
    if code:
        return printed.strip().splitlines()[-1].partition("model.joblib: ")[2]
    return str(_manifest(folder)["engine"])


def cell(folder: Path) -> Cell:
    """By which route one model is served."""
    code, printed = _pack(folder)
    if code:
        return Cell("-", printed.strip().splitlines()[-1].partition("model.joblib: ")[2])
    route = ROUTES[_manifest(folder)["engines"]["older"]["route"]]
    found = WHY.search(printed)
    return Cell(route, found[1] if found else "")


def _pack(folder: Path, *options: str) -> tuple[int, str]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(
            [
                *("pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")),
                *("--target", "y", "--out", str(folder / "artifact")),
                *("--no-report", *options),
            ]
        )
    return code, printed.getvalue()


def _manifest(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    return dict(json.loads((folder / "artifact/manifest.json").read_text()))


def run() -> int:
    """Print the table; 1 if a release has too few cells by a or b."""
    cells: dict[str, dict[str, Cell]] = {}
    versions = [one for one in sys.argv[1:] if one[0].isdigit()]
    families = [one for one in sys.argv[1:] if not one[0].isdigit()]
    for version in versions or (*OLD, *VERSIONS):
        with tempfile.TemporaryDirectory() as name:
            for folder in sorted(saved(version, Path(name) / "saved", *families).iterdir()):
                found = cells.setdefault(folder.name, {})[version] = cell(folder)
                print(version, folder.name, found.route, found.why, sep=" | ", file=sys.stderr)
    shown = sorted({version for row in cells.values() for version in row})
    print("| family |", " | ".join(shown), "|\n|---|", "---|" * len(shown), sep="")
    for family, row in sorted(cells.items()):
        print(
            f"| {family} |", " | ".join(row[one].route if one in row else "" for one in shown), "|"
        )
    few = False
    for version in shown:
        column = [row[version] for row in cells.values() if version in row]
        good = sum(one.route in "ab" for one in column)
        few |= good < LEAST.get(version, 0.8) * len(column)
        print(f"\n{version}: {good} of {len(column)} by a or b")
        for family, row in sorted(cells.items()):
            if version in row and row[version].route not in "ab":
                print(f"  {family}: {row[version].route}, for {row[version].why}")
    return int(few)


if __name__ == "__main__":
    sys.exit(run())
