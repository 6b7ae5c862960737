"""The origin of a sample for the manifest: file, digest, number of rows, commit."""

import subprocess
from pathlib import Path
from typing import Any


def described(path: Path, sha256: str, rows: int, held_out: bool = False) -> dict[str, Any]:
    """The origin of rows in the form of `Manifest.data`.

    `held_out` is whether the model was fitted without them.
    """
    found = {"file": path.name, "sha256": sha256, "rows": rows, "commit": commit()}
    return {**found, "held_out": True} if held_out else found


def commit() -> str | None:
    """The commit of this checkout; None outside one, as in the image's build."""
    here = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
