"""The lock of an artifact whose libraries are others than Slipway's: `requirements.txt` in it.

A model that today's scikit-learn would answer otherwise is served by the release that saved it. The
lock names that release, with NumPy, SciPy and joblib of its time, and all else that the service
imports, each with its hashes. The image is built from it.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from service.model.companions import installed_version
from service.model.manifest import Manifest

LOCK = "requirements.txt"


def python_of(manifest: Manifest) -> str:
    """The Python whose wheels the lock has: 3.12."""
    return ".".join(manifest.versions.get("python", "3").split(".")[:2])


def refusal(folder: Path, manifest: Manifest, needed: Mapping[str, str | None]) -> str | None:
    """What to install, and how, in one line; None if the libraries here are those of the lock."""
    here = {name: _here(name) for name in needed}
    if here == needed:
        return None
    wanted = ", ".join(f"{name} {version}" for name, version in needed.items())
    others = [f"{name} {here[name]}" for name, version in needed.items() if here[name] != version]
    python = python_of(manifest)
    return (
        f"needs {wanted}, as its {LOCK} locks them for Python {python}, and here is "
        f"{', '.join(others)}: build its image (docker build --build-arg MODEL=packed --build-arg "
        f"ARTIFACT={folder} --build-arg PYTHON_IMAGE=python:{python}-slim-trixie .), or install "
        f"them (python{python} -m venv VENV; VENV/bin/pip install --no-deps --require-hashes -r "
        f"{folder / LOCK}) and serve with VENV/bin/gunicorn"
    )


def _here(name: str) -> str:
    try:
        return installed_version(name)
    except PackageNotFoundError:
        return "missing"
