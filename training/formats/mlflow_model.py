"""Read the folder in which MLflow keeps a model: `MLmodel`, its pickle and its requirements.

See https://mlflow.org/docs/latest/ml/model/ for the format.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ABOUT = "MLmodel"
PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[\w,-]*\])?==([\w.+!-]+)\s*(?:[;#].*)?", re.ASCII)
# Where a flavor names the file of the pickled estimator.
FILES = {"sklearn": "pickled_model", "lightgbm": "data"}
PICKLES = (".joblib", ".pickle", ".pkl", ".skops")


@dataclass(frozen=True, slots=True)
class Saved:
    """The pickled model and what MLflow says of it: the release of scikit-learn, versions of other
    libraries by name, and the version of Python, such as "3.9"; empty where it does not say.
    """

    content: bytes
    release: str
    wanted: Mapping[str, str]
    python: str


def read(folder: Path) -> Saved:
    """What the folder has; ValueError, for people, if it is no model of scikit-learn's kind.

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
    """The versions that a file of requirements names exactly."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [PINNED.fullmatch(line.strip()) for line in lines]
    return {one[1].lower().replace("_", "-"): one[2] for one in found if one is not None}


def _python(folder: Path, flavors: Mapping[str, Any]) -> str:
    said = (flavors.get("python_function") or {}).get("python_version")
    path = folder / "python_env.yaml"
    if path.is_file():
        said = _yaml(path).get("python", said)
    found = re.match(r"3\.\d+", str(said))
    return found[0] if found else ""


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # which the environment of an artifact's own lock does without

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"is a model of MLflow whose {path.name} is no YAML") from error
    return found if isinstance(found, dict) else {}
