"""Reads a model's folder as MLflow saves it: `MLmodel`, the pickle and the requirements.

See https://mlflow.org/docs/latest/ml/model/ for the format.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ABOUT = "MLmodel"
PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[\w,-]*\])?==([\w.+!-]+)\s*(?:[;#].*)?", re.ASCII)
# By flavor: the key that has the file name of the pickled estimator.
FILES = {"sklearn": "pickled_model", "lightgbm": "data"}
PICKLES = (".joblib", ".pickle", ".pkl", ".skops")


@dataclass(frozen=True, slots=True)
class Saved:
    """The pickled model, and what MLflow recorded: the release of scikit-learn, versions of other
    libraries by name, and the version of Python, such as "3.9". Unknown ones are empty.
    """

    content: bytes
    release: str
    wanted: Mapping[str, str]
    python: str


def read(folder: Path) -> Saved:
    """Read the folder; ValueError with a text for the user if it has no pickled estimator.

    OSError if a file cannot be read.
    """
    path = folder / ABOUT
    if not path.is_file():
        raise ValueError(f"is a folder without {ABOUT}, and so no model of MLflow: give a file")
    about = _yaml(path)
    flavors = about.get("flavors")
    flavors = flavors if isinstance(flavors, dict) else {}
    for flavor, key in FILES.items():
        name = (flavors.get(flavor) or {}).get(key)
        if isinstance(name, str) and name.endswith(PICKLES):
            break
    else:
        raise ValueError(
            f"is a model of MLflow ({', '.join(map(str, flavors)) or 'no flavor'}) without a "
            "pickled estimator: save the fitted estimator with joblib.dump, and give that file"
        )
    model = (folder / name).resolve()
    if not model.is_relative_to(folder.resolve()):
        raise ValueError(f"is a model of MLflow whose file is elsewhere ({name})")
    release = (flavors.get("sklearn") or {}).get("sklearn_version")
    return Saved(
        content=model.read_bytes(),
        release=release if isinstance(release, str) else "",
        wanted=_pinned(folder / "requirements.txt"),
        python=_python(folder, flavors),
    )


def _pinned(path: Path) -> dict[str, str]:
    """The versions that a requirements file pins exactly."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [PINNED.fullmatch(line.strip()) for line in lines]
    return {one[1].lower().replace("_", "-"): one[2] for one in found if one is not None}


def _python(folder: Path, flavors: Mapping[str, Any]) -> str:
    version = (flavors.get("python_function") or {}).get("python_version")
    path = folder / "python_env.yaml"
    if path.is_file():
        version = _yaml(path).get("python", version)
    found = re.match(r"3\.\d+", str(version))
    return found[0] if found else ""


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # imported here: the environment of an artifact's own lock lacks it

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"is a model of MLflow whose {path.name} is no YAML") from error
    return found if isinstance(found, dict) else {}
