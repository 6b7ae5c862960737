"""Where the rows of a sample came from: file, digest, number, commit of this checkout."""

import subprocess
from pathlib import Path
from typing import Any


def described(path: Path, sha256: str, rows: int) -> dict[str, Any]:
    """Where rows came from, as the manifest has it."""
    return {"file": path.name, "sha256": sha256, "rows": rows, "commit": commit()}


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
