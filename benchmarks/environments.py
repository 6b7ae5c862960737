"""An environment of its own for each peer, made with uv, kept until its versions change."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.roster import OWN, ROOT, Peer

COMPILED = "--compile-bytecode"  # or the first start of a peer would take long
VENVS = ROOT / "benchmarks/.venvs"


class UninstallableError(Exception):
    """What a peer needs cannot be installed here."""


def prepare(peer: Peer) -> Path:
    """The folder of its environment; UninstallableError in one line if it cannot be made."""
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
            said = " ".join(done.stderr.split())[:300]
            raise UninstallableError(f"cannot be installed: {said}")
    stamp.write_text(wanted)
    return folder


def digest(peer: Peer) -> str:
    """What the environment is made from."""
    content = [sys.version, *(file.read_text() for file in peer.locks())]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


def megabytes(folder: Path) -> float:
    """Size of all files of an environment."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def version(peer: Peer) -> str:
    """The version that its lock names; for this service, the commit."""
    if peer.requirements == OWN:
        commit = _git("describe", "--always")
        changed = _git("status", "--porcelain", "--", ".", ":!benchmarks/results.*")  # its own
        return f"{commit or 'unknown'}{'-dirty' if changed else ''}"
    found = [re.search(rf"^{peer.name}==(\S+)", f.read_text(), re.M) for f in peer.locks()]
    return next((match[1] for match in found if match), "unknown")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()
