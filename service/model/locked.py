"""The lock of an artifact that needs other libraries than Slipway's lock: its `requirements.txt`.

If the current scikit-learn would predict differently, the release that saved the model serves it.
The lock has that release, matching versions of NumPy, SciPy and joblib, and everything else that
the service imports, each with its hashes. The image is built from it.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from service.model.companions import installed_version
from service.model.manifest import Manifest

LOCK = "requirements.txt"


def python_of(manifest: Manifest) -> str:
    """The version of Python that the lock's wheels are for, such as 3.12."""
    return ".".join(manifest.versions.get("python", "3").split(".")[:2])


def refusal(folder: Path, manifest: Manifest, needed: Mapping[str, str | None]) -> str | None:
    """What to install, and how, in one line; None if the installed libraries match the lock."""
    here = {name: _here(name) for name in needed}
    if here == needed:
        return None
    wanted = ", ".join(f"{name} {version}" for name, version in needed.items())
    others = [f"{name} {here[name]}" for name, version in needed.items() if here[name] != version]
    python = python_of(manifest)
    return (
        f"needs {wanted}, as its {LOCK} locks them for Python {python}, and here is "
        f"{', '.join(others)}: build its image in a checkout (docker build --build-arg "
        f"MODEL=packed --build-arg ARTIFACT={folder} --build-arg "
        f"PYTHON_IMAGE=python:{python}-slim-trixie .), or install them "
        f"(python{python} -m venv VENV; VENV/bin/pip install --no-deps "
        f"--require-hashes -r {folder / LOCK}) and serve with VENV/bin/gunicorn"
    )


def _here(name: str) -> str:
    try:
        return installed_version(name)
    except PackageNotFoundError:
        return "missing"
