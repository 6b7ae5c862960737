"""Makes an environment with the scikit-learn that saved a model, and keeps it for later.

venv and pip make it, or uv, with a Python for which the release has wheels: the one that runs, one
of pyenv, one on the path, or one that uv downloads.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import PackError

Version = tuple[int, ...]

# By release: the versions of Python 3 with wheels, newest first, and the libraries of that time.
RELEASES: dict[Version, tuple[tuple[int, ...], str]] = {
    (1, 9): ((13, 12, 11), "pandas"),
    (1, 8): ((13, 12, 11), "numpy<2.4 pandas<3"),
    (1, 7): ((13, 12, 11, 10), "numpy<2.4 pandas<3"),
    (1, 6): ((13, 12, 11, 10, 9), "numpy<2.4 pandas<3"),
    (1, 5): ((12, 11, 10, 9), "numpy<2.4 pandas<3"),
    (1, 4): ((12, 11, 10, 9), "numpy<2.1 pandas<3"),
    (1, 3): ((12, 11, 10, 9, 8), "numpy<2 pandas<2.2"),
    (1, 2): ((11, 10, 9, 8), "numpy<1.25 scipy<1.11 pandas<2"),
    (1, 1): ((11, 10, 9, 8), "numpy<1.24 scipy<1.10 pandas<2"),
    (1, 0): ((10, 9, 8, 7), "numpy<1.24 scipy<1.10 pandas<2"),
    (0, 24): ((9, 8, 7), "numpy<1.24 scipy<1.10 pandas<2"),
    (0, 23): ((8, 7), "numpy<1.20 scipy<1.6 pandas<1.2"),
    (0, 22): ((8, 7), "numpy<1.20 scipy<1.6 pandas<1.2"),
    (0, 21): ((7,), "numpy<1.20 scipy<1.6 pandas<1.2"),
    (0, 20): ((7,), "numpy<1.20 scipy<1.6 pandas<1.2"),
}
DONE = "slipway-complete"
NAME = re.compile(r"[=<>!~\[;@ ]")  # what follows the name in a requirement
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:")
UV = ("pip", "install", "--quiet", "--compile-bytecode", "--only-binary", ":all:")
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
OWN = f"3.{sys.version_info[1]}"


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python that has an older scikit-learn."""

    python: Path
    version: str


def parsed(version: str) -> Version:
    """The major and minor version."""
    return tuple(int(part) for part in version.split(".")[:2])


def existing(python: Path, version: str = "") -> Environment:
    """The environment of this Python; PackError if its scikit-learn has another version."""
    code = "import sklearn; print(sklearn.__version__)"
    ended = run([str(python), "-I", "-c", code])
    found = ended.stdout.strip()
    if ended.returncode or found != (version or found):
        raise PackError(
            f"was saved by {f'scikit-learn {version}' if version else 'an unknown scikit-learn'}; "
            f"{python} has {found or 'none that can be imported'}"
        )
    return Environment(python, found)


def ready(version: str, numpy_2: bool, more: Sequence[str] = (), python: str = "") -> Environment:
    """An environment with this version, made if there is none; PackError if it cannot be made.

    `numpy_2` is whether NumPy 2 or later wrote the arrays of the model. `more` are requirements,
    such as "lightgbm==3.3.5"; they replace the default requirement of the same name.
    `python` is the version to try first, such as "3.9".
    """
    release = RELEASES.get(parsed(version))
    if release is None:
        raise PackError(
            f"was saved by scikit-learn {version}, for which no environment is known; "
            "name a Python that has it with --env"
        )
    pythons, libraries = release
    named = {NAME.split(one)[0] for one in more}
    default = ["joblib", *libraries.split()]
    if parsed(version) >= (1, 4):
        default.append("numpy>=2" if numpy_2 else "numpy<2")
    default = [one for one in default if NAME.split(one)[0] not in named]
    packages = [f"scikit-learn=={version}", *default, *more]
    if python in (f"3.{minor}" for minor in pythons):
        pythons = (int(python[2:]), *pythons)
    digest = hashlib.sha256(repr((packages, pythons)).encode()).hexdigest()[:8]
    folder = cache() / f"scikit-learn-{version}-{digest}"
    if not (folder / DONE).exists():
        _make(folder, pythons, packages, python)
    return Environment(folder / "bin/python", version)


def cache() -> Path:
    """The folder of the environments, in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "slipway/environments"


def _make(folder: Path, pythons: tuple[int, ...], packages: list[str], python: str) -> None:
    print(f"Installing {', '.join(packages)} into {folder}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = Path(name) / "made"
        own = [python] if python else [OWN]
        tried = sorted({f"3.{minor}": 0 for minor in pythons}, key=lambda one: one not in own)
        ended = None
        for one in tried:  # not all versions of a release have wheels for all of these
            if create(made, one):
                ended = _install(made / "bin/python", packages)
                if not ended.returncode:
                    break
        if ended is None:
            raise PackError(
                f"needs {packages[0]}, which has wheels for Python {', '.join(tried)} only, and "
                "none of these is installed; install one, or uv, which finds or downloads it"
            )
        if ended.returncode:
            reason = " ".join(ended.stderr.split())[-300:]
            raise PackError(f"needs {packages[0]}, which cannot be installed ({reason})")
        (made / DONE).touch()
        if not folder.exists():  # another process may have been faster
            made.rename(folder)


def _install(python: Path, packages: list[str]) -> subprocess.CompletedProcess[str]:
    """Install packages by uv, which takes a fifth of the time, or by pip if uv fails.

    uv does not read pip's configuration, which may be the only one that names an index, and expects
    Python 3.8 or later.
    """
    uv = uv_command()
    if uv is not None:
        ended = run([uv, *UV, "--python", str(python), *packages])
        if not ended.returncode:
            return ended
    return run([str(python), *PIP, *packages])


def create(folder: Path, python: str) -> bool:
    """Make an empty environment with a Python of this version; False if there is none."""
    own = [Path(sys.executable)] if python == OWN else []
    named = [Path(found)] if (found := shutil.which(f"python{python}")) else []
    for one in (*own, *sorted(PYENV.glob(f"{python}.*/bin/python")), *named):
        if not run([str(one), "-m", "venv", "--clear", str(folder)]).returncode:
            return True
    uv = uv_command()
    seeded = ["venv", "--quiet", "--seed", "--clear", "--python", python, str(folder)]
    return uv is not None and not run([uv, *seeded]).returncode


def uv_command() -> str | None:
    """The path of uv, if it is installed."""
    return shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; PackError if it cannot be started."""
    try:
        return subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    except OSError as error:
        raise PackError(f"{command[0]} cannot be run ({error.strerror})") from error
