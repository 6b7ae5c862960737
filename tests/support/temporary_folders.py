"""Temporary folders for files that several tests of a process share."""

import atexit
import shutil
from pathlib import Path
from tempfile import mkdtemp


def kept() -> Path:
    """A new folder, which is deleted when the process ends."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
