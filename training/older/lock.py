"""The lock of a model that an older scikit-learn serves: the libraries of model and service.

uv resolves it for the newest Python that has wheels of all of them, with the hashes of the wheels
for every processor. The model is packed in an environment with exactly these libraries, so that the
image has the libraries that were tested. Those that write the report are in a separate folder.
"""

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.model.companions import DISTRIBUTIONS
from training.errors import PackError
from training.older.environment import (
    DONE,
    RELEASES,
    Environment,
    cache,
    create,
    parsed,
    run,
    uv_command,
)

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.13", "3.12", "3.11")  # those that the service runs on, the image's first
OLDEST_PYTHON = 11  # the minor version of the oldest of these
# These have the versions of the environment that saved the model.
COMPUTING = ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl", "pandas")
SERVING = ROOT / "requirements/lean.in"  # the other libraries of the service, and their lock
ONNX = ("onnxruntime", "flatbuffers", "protobuf")  # no model with a lock needs these
# A folder of the environment, with the libraries that write the report. It is put on the path after
# the model was tried, because LightGBM imports matplotlib if it is there.
REPORT_PACKAGES = "report-packages"
FIRST = "# Python "  # and its version, in the first line of a lock
PINNED = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.M)
OLDEST_PANDAS = 2  # for Slipway, which only builds rows with it
PLATFORM = "x86_64-manylinux_2_28"
# Runs in the environment, on Python 3.8 or later: prints the versions of the distributions that
# have these names or modules.
INSTALLED = """
import json, sys
from importlib.metadata import distributions
wanted, found = set(sys.argv[2].split()), {}
for one in distributions():
    name = one.metadata["Name"].lower().replace("_", "-")
    modules = {str(file).split("/")[0].split(".")[0] for file in one.files or ()}
    if name in sys.argv[1].split() or modules & wanted:
        found[name] = one.version
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """An environment with the packages of a lock."""

    python: Path
    lock: Path


def ready(there: Environment, names: Collection[str]) -> Locked:
    """An environment with the libraries of `there` and those of the service, for these names.

    PackError if there are no wheels of its libraries for any Python that the service runs on.
    """
    pythons, _ = RELEASES.get(parsed(there.version), ((OLDEST_PYTHON,), ""))
    if max(pythons) < OLDEST_PYTHON:
        raise PackError(_without_wheels(f"scikit-learn {there.version}"))
    uv = uv_command()
    if uv is None:
        raise PackError("needs uv to lock the libraries that saved it: install uv")
    if not SERVING.exists():
        raise PackError("needs a checkout of Slipway, whose lock has the libraries of the service")
    pins = _installed(there, names)
    reason = ""
    for python in PYTHONS:
        with tempfile.TemporaryDirectory() as folder:
            text = _resolved(uv, pins, python, Path(folder))
        if text is None:
            continue
        made = _made(uv, text, python)
        if made is not None:
            return made
        reason = f"; install Python {python}, for which there are some"
    pinned = ", ".join(f"{name} {version}" for name, version in pins.items())
    raise PackError(_without_wheels(pinned) + reason)


def _without_wheels(what: str) -> str:
    return (
        f"needs {what}, of which there are no wheels for a Python that the service runs on "
        f"({', '.join(PYTHONS)})"
    )


def _installed(there: Environment, names: Collection[str]) -> dict[str, str]:
    """The versions of the computing libraries in `there`, and of others that the model imports."""
    own = {"numpy", "scipy", "sklearn", "joblib", "pandas", *sys.stdlib_module_names}
    modules = {name.split(".")[0] for name in names} - own
    command = [str(there.python), "-I", "-c", INSTALLED, " ".join(COMPUTING), " ".join(modules)]
    ended = run(command)
    if ended.returncode:
        raise PackError(f"{there.python} cannot list its packages ({ended.stderr[-200:]})")
    found: dict[str, str] = json.loads(ended.stdout)
    for name, (first, *others) in DISTRIBUTIONS.items():
        for other in others:
            if first != other and other in found and name in found:
                del found[other]
    return dict(sorted(found.items()))


def _resolved(uv: str, pins: Mapping[str, str], python: str, folder: Path) -> str | None:
    """The text of the lock; None if some have no wheels for this Python."""
    given = folder / "given.in"
    given.write_text("\n".join(_requirements(pins)))
    lock = folder / "lock.txt"
    ended = run(
        [
            *(uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate"),
            *("--generate-hashes", "--only-binary", ":all:"),
            *("--python-version", python, "--python-platform", PLATFORM),
            *("--output-file", str(lock), str(given)),
        ]
    )
    if ended.returncode:
        return None
    return f"{FIRST}{python}\n{lock.read_text()}"


def _requirements(pins: Mapping[str, str]) -> Iterator[str]:
    """The requirements of the lock, each in one version."""
    for name, version in pins.items():
        is_old = name == "pandas" and int(version.split(".")[0]) < OLDEST_PANDAS
        yield f"pandas>={OLDEST_PANDAS},<3" if is_old else f"{name}=={version}"
    locked = dict(PINNED.findall(SERVING.with_suffix(".txt").read_text()))
    for name, version in locked.items():
        if name not in (*COMPUTING, *ONNX, *pins):
            yield f"{name}=={version}"


def python_of(lock: Path) -> Path:
    """The Python of the environment that has a lock which was packed here."""
    text = lock.read_text()
    return _folder(text, text.split("\n", 1)[0].removeprefix(FIRST)) / "bin/python"


def _folder(text: str, python: str) -> Path:
    return cache() / f"serving-{python}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _made(uv: str, text: str, python: str) -> Locked | None:
    """The environment, made if there is none; None if this Python is not installed."""
    folder = _folder(text, python)
    made = Locked(folder / "bin/python", folder / "requirements.txt")
    if (folder / DONE).exists():
        return made
    print(f"Installing the libraries of the model into {folder}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        building = Path(name) / "made"
        if not create(building, python):
            return None
        lock = building / "requirements.txt"
        lock.write_text(text)
        exact = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock))
        install = (uv, "pip", "install", "--quiet", "--python", str(building / "bin/python"))
        ended = run([*install, *exact])
        if ended.returncode:
            raise PackError(
                f"its lock cannot be installed ({' '.join(ended.stderr.split())[-300:]})"
            )
        beside = ("--target", str(building / REPORT_PACKAGES), "--constraint", str(lock))
        run([*install, "--only-binary", ":all:", *beside, "matplotlib"])
        (building / DONE).touch()
        if not folder.exists():  # another process may have been faster
            building.rename(folder)
    return made
