"""Folders for what tests make once and share, until the process ends."""

import atexit
import shutil
from pathlib import Path
from tempfile import mkdtemp


def kept() -> Path:
    """A new folder, removed at the end."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
