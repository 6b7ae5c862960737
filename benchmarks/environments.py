"""Makes a virtual environment for each peer, with uv. It is kept until a version changes."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.roster import OWN, ROOT, Peer
from service.model.errors import one_line

COMPILED = "--compile-bytecode"  # otherwise the first start of a peer would include it
VENVS = ROOT / "benchmarks/.venvs"


class UninstallableError(Exception):
    """The requirements of a peer cannot be installed; the text is one line."""


def prepare(peer: Peer) -> Path:
    """Make the environment if necessary, and return its folder; UninstallableError if it fails."""
    folder = VENVS / ("slipway" if peer.requirements == OWN else peer.name)
    stamp, wanted = folder / "installed", digest(peer)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    stamp.unlink(missing_ok=True)
    uv = str(Path(sys.executable).parent / "uv")
    files = [word for file in peer.locks() for word in ("--requirements", str(file))]
    python = ["--python", str(folder / "bin/python")]
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", COMPILED, *python, *files],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise UninstallableError(f"uv cannot be run ({error})") from error
        if done.returncode:
            raise UninstallableError(f"cannot be installed: {one_line(done.stderr, 300)}")
    stamp.write_text(wanted)
    return folder


def digest(peer: Peer) -> str:
    """A digest of Python's version and of the peer's locks."""
    content = [sys.version, *(file.read_text() for file in peer.locks())]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


def megabytes(folder: Path) -> float:
    """The size of all files in an environment."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def version(peer: Peer) -> str:
    """The version in the peer's lock; for this service, the commit."""
    if peer.requirements == OWN:
        commit = _git("describe", "--always")
        changed = _git("status", "--porcelain", "--", ".", ":!benchmarks/results.*")
        return f"{commit or 'unknown'}{'-dirty' if changed else ''}"
    pinned = re.compile(rf"^{peer.package or peer.name}==(\S+)", re.MULTILINE)
    found = [pinned.search(file.read_text()) for file in peer.locks()]
    return next((match[1] for match in found if match), "unknown")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()
