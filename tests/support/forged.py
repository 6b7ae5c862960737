"""Artifacts whose model file would run code: it would make a folder, and nothing else."""

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service.model import artifact
from service.model.manifest import Manifest
from service.model.version import content_version
from tests.support.by_hand import called, made, name, program, text

# Pickles that make a folder if nothing is checked, each by another opcode.
EFFECTS: dict[str, Callable[[str], bytes]] = {
    "REDUCE": lambda place: program(called("os", "mkdir", text(place))),
    "INST": lambda place: program(pickle.MARK, text(place), b"ios\nmkdir\n"),
    "OBJ": lambda place: program(pickle.MARK, name("pathlib", "Path.mkdir"),
                                 called("pathlib", "Path", text(place)), pickle.OBJ),
    "BUILD": lambda place: program(
        made("tests.support.forged", "Takes"), text(place), pickle.BUILD
    ),
    "APPEND": lambda place: program(
        made("tests.support.forged", "Takes"), text(place), pickle.APPEND
    ),
    "NEWOBJ": lambda place: program(
        name("tests.support.forged", "Makes"), text(place), pickle.TUPLE1, pickle.NEWOBJ
    ),
}  # fmt: skip


class Takes:
    """Makes a folder when its state is set."""

    def __setstate__(self, place: str) -> None:
        os.mkdir(place)

    append = __setstate__


class Makes:
    """Makes a folder when it is constructed."""

    def __new__(cls, place: str) -> "Makes":
        os.mkdir(place)
        return super().__new__(cls)


def forged(content: bytes, folder: Path, packed: Path) -> Path:
    """An artifact with this model file, and a manifest with its digest."""
    folder.mkdir()
    manifest = Manifest.from_json((packed / artifact.MANIFEST).read_text())
    files = {artifact.MODEL: artifact.file_entry(content)}
    versions = {key: value for key, value in manifest.versions.items() if "onnx" not in key}
    manifest = replace(manifest, files=files, engine="scikit-learn", versions=versions)
    manifest = replace(manifest, version=content_version(manifest))
    (folder / artifact.MANIFEST).write_text(manifest.to_json())
    (folder / artifact.MODEL).write_bytes(content)
    return folder
