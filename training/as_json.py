"""The object that `pack` and `inspect` print with `--json`; `diff/compare.py` has that of `diff`.

docs/your-own-model.md lists the keys. A later release may add some.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from service.model import artifact
from service.model.manifest import Manifest


def packed(
    manifest: Manifest,
    folder: Path,
    notes: Sequence[str] = (),
    warnings: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The artifact that `pack` wrote. `settings` are those that the service needs for it."""
    report = folder / artifact.REPORT if artifact.REPORT in manifest.files else None
    return {
        "artifact": str(folder),
        "report": str(report) if report else None,
        "settings": {**(settings or {})},
        "notes": [*notes],
        "warnings": [*warnings],
        "manifest": manifest.public(),
    }


def inspected(
    path: Path,
    names: Mapping[str, bool],
    not_allowed: Sequence[str],
    release: str | None,
    holds: str | None,
    manifest: Manifest | None,
) -> dict[str, Any]:
    """What a model file would import. `holds` is what it has instead of an estimator."""
    return {
        "file": str(path),
        "names": [{"name": name, "trusted": trusted} for name, trusted in names.items()],
        "not_allowed": [*not_allowed],
        "scikit_learn": {"saved": release, "installed": version("scikit-learn")},
        "holds": holds,
        "manifest": manifest.public() if manifest else None,
    }
