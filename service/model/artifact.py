"""The folder that holds a packed model: `manifest.json` and the files that it lists.

These are what the engines read, and the report on the model, if there is one, in `report/`.

Reading refuses before it unpickles: one flipped bit in a joblib file changes predictions in silence
about one time in ten.

    ArtifactError        65 (bad data)
    ├── MissingError     66 (a folder or file is not there)
    ├── ManifestError    65
    ├── ChecksumError    65
    ├── VersionError     65
    ├── GoldenError      65 (raised by the predictor: it loads, but predicts something else)
    └── UnavailableError 69 (raised by remote: it cannot be fetched)
"""

import hashlib
import os
import stat
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from platform import python_version

from service.model import companions, filetypes, locked, own_code
from service.model.companions import installed_version
from service.model.locked import LOCK
from service.model.manifest import REPORTS, FileEntry, Manifest

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 * 2**20  # bytes
REPORT = f"{REPORTS}index.html"  # for people to read; no engine does
MODEL = "model.joblib"
SCIKIT_LEARN, ONNX = "scikit-learn", "onnx"  # the engines
FILES = {SCIKIT_LEARN: MODEL, ONNX: "model.onnx"}  # what each of them reads
NAMES = (*FILES.values(), REPORT, LOCK)  # all that a manifest may list
LIBRARIES = ("numpy", "scipy", "scikit-learn", "joblib")
RUNTIME = ("numpy", "onnxruntime")  # all that the ONNX engine computes with


class ArtifactError(Exception):
    """An artifact that must not be served; the text is one line: what is wrong, what to do.

    Names and values in it may come from the artifact, so control characters become spaces.
    """

    exit_code = os.EX_DATAERR

    def __init__(self, text: str) -> None:
        super().__init__("".join(one if one.isprintable() else " " for one in text))


class MissingError(ArtifactError):
    """Something that should be there is not, or cannot be read."""

    exit_code = os.EX_NOINPUT


class ManifestError(ArtifactError):
    """The manifest is not one, or not one that this service reads."""


class ChecksumError(ArtifactError):
    """A file is not the one that was packed."""


class VersionError(ArtifactError):
    """The libraries here are not those that packed the model."""


class GoldenError(ArtifactError):
    """The model loads, but does not give the predictions that it gave when it was packed."""


class UnavailableError(ArtifactError):
    """It cannot be fetched from where it is: now, or not with these rights."""

    exit_code = os.EX_UNAVAILABLE


def file_entry(content: bytes) -> FileEntry:
    """What the manifest says of a file with this content."""
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def library_versions(more: Iterable[str] = ()) -> dict[str, str]:
    """Versions of Python and of the libraries that compute, as installed; imports nothing."""
    names = (*LIBRARIES, *more)
    return {"python": python_version(), **{name: installed_version(name) for name in names}}


def read_manifest(folder: Path, sha256: str = "") -> Manifest:
    """Read `manifest.json` alone: enough to say what a model takes, not to trust its files.

    With `sha256`, only the manifest that has it; through it, exactly one model.
    """
    if folder.is_file():
        raise MissingError(
            f"{folder}: is a file, and an artifact is a folder; give the folder, or pack the model "
            "into one: python -m training pack MODEL --sample CSV --out DIR"
        )
    if not folder.is_dir():
        raise MissingError(
            f"{folder}: there is no artifact; look at SERVICE_MODEL, or make one: make train"
        )
    path = folder / MANIFEST
    content, size = _read(path, LARGEST_MANIFEST)
    check_manifest_size(path, size)
    found = file_entry(content).sha256
    if sha256 and found != sha256:
        raise ChecksumError(
            f"{path}: its sha256 is {found}, SERVICE_MODEL_SHA256 is {sha256}: "
            "it is another model; correct the one or the other"
        )
    try:
        manifest = Manifest.from_json(content.decode())
    except ValueError as error:  # UnicodeDecodeError is one, too
        why = filetypes.no_file(content) or f"{error}; pack the model again"
        raise ManifestError(f"{path}: {why}") from error
    for name in manifest.files:
        if name not in NAMES and not own_code.is_code(name):
            raise ManifestError(
                f"{path}: lists {name[:100]!r}, which is no file of an artifact "
                f"({', '.join(NAMES)}, {own_code.FOLDER}*.py); pack the model again"
            )
    if manifest.code.get("digest", "") != code_digest(manifest):
        raise ManifestError(f"{path}: its code is not the one that it lists; pack the model again")
    return manifest


def code_digest(manifest: Manifest) -> str:
    """The digest of the modules that a model brings; empty if it brings none."""
    return own_code.digest({name: entry.sha256 for name, entry in manifest.files.items()})


def read_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """The content of every listed file, each equal to what was packed to the last bit."""
    contents = {}
    for name, entry in manifest.files.items():
        path = folder / name
        content, size = _read(path, entry.bytes)
        found = file_entry(content)
        if found != entry:
            _refuse_other(path, content, name)
        check_size(path, size, entry.bytes)
        if found.sha256 != entry.sha256:
            raise ChecksumError(
                f"{path}: its sha256 is {found.sha256}, the manifest says {entry.sha256}: "
                "it is not the file that was packed; restore it or pack the model again"
            )
        contents[name] = content
    return contents


def _refuse_other(path: Path, content: bytes, name: str) -> None:
    """ChecksumError for a file that its first bytes tell to be something else."""
    if name == REPORT and content.startswith(b"<"):  # it is a web page, whichever
        return
    is_model = name in FILES.values()
    is_onnx = name == FILES[ONNX]
    why = filetypes.not_packed(content, is_onnx) if is_model else filetypes.no_file(content)
    if why is not None:
        raise ChecksumError(f"{path}: {why}")


def check_size(path: Path, found: int, packed: int) -> None:
    """Refuse a file that has not the number of bytes that was packed."""
    if found != packed:
        raise ChecksumError(
            f"{path}: has {found} bytes, the manifest says {packed}: "
            "it is not the file that was packed; restore it or pack the model again"
        )


def check_manifest_size(path: Path, found: int) -> None:
    """Refuse a manifest that is far larger than any."""
    if found > LARGEST_MANIFEST:
        raise ManifestError(f"{path}: has {found:,} bytes, which is no manifest")


def needed_versions(manifest: Manifest) -> dict[str, str | None]:
    """The libraries that the engine of a model computes with, in the versions that packed it."""
    others = manifest.versions.keys() - {"python", *LIBRARIES}
    names = RUNTIME if manifest.engine == ONNX else (*LIBRARIES, *sorted(others))
    return {name: manifest.versions.get(name) for name in names}


def check_versions(folder: Path, manifest: Manifest) -> None:
    """Refuse a model that other library versions packed; only those count that its engine uses.

    Python may differ: the lock keeps one version of each library from Python 3.11 on, and
    scikit-learn's pickles do not depend on Python's minor version.
    """
    needed = needed_versions(manifest)
    if LOCK in manifest.files:
        why = locked.refusal(folder, manifest, needed)
        if why is not None:
            raise VersionError(f"{folder / MANIFEST}: {why}")
        return
    for name, wanted in needed.items():
        try:
            here = installed_version(name)
        except PackageNotFoundError:
            raise VersionError(
                f"{folder / MANIFEST}: needs {name} {wanted}, which is not installed here: "
                f"{_remedy(name)}"
            ) from None
        if wanted != here:
            raise VersionError(
                f"{folder / MANIFEST}: was packed with {name} {wanted}, here is {here}: "
                f"pack the model again with {name} {here}, or serve it with {wanted}"
            )


def _remedy(name: str) -> str:
    if name in LIBRARIES:
        return (
            "the engine of this model is scikit-learn, which the lean image leaves out; build the "
            "image without VARIANT=lean, or pack the model with --engine onnx"
        )
    if name in companions.PACKAGES:
        return "add it to the image, in this version (see docs/your-own-model.md)"
    return f"install it (see requirements{'' if name in RUNTIME else f'/{name}'}.txt)"


def _read(path: Path, most: int) -> tuple[bytes, int]:
    """The first `most` bytes of a regular file, and how many it has.

    A pipe may never end, and a device has no end.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise MissingError(f"{path}: is no regular file; pack the model again")
            return file.read(min(most, found.st_size)), found.st_size
    except OSError as error:
        raise MissingError(
            f"{path}: cannot be read ({error.strerror}); restore it or pack the model again"
        ) from error


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
