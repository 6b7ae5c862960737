"""The folder of a packed model: `manifest.json` and the files that it lists.

These are the model files that the engines read, and the report on the model in `report/`.

Digests are checked before a file is unpickled: one flipped bit in a joblib file changes predictions
silently about one time in ten.

    ArtifactError        65 (bad data)
    ├── MissingError     66 (a folder or file does not exist)
    ├── ManifestError    65
    ├── ChecksumError    65
    ├── VersionError     65
    ├── GoldenError      65 (raised by the predictor: the model predicts something else)
    └── UnavailableError 69 (raised by remote: the artifact cannot be downloaded)
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
from service.model.errors import SlipwayError
from service.model.installation import pip_install
from service.model.locked import LOCK
from service.model.manifest import REPORTS, FileEntry, Manifest

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 64 * 2**20
REPORT = f"{REPORTS}index.html"  # only people read it
MODEL = "model.joblib"
SCIKIT_LEARN, ONNX = "scikit-learn", "onnx"  # the engines
FILES = {SCIKIT_LEARN: MODEL, ONNX: "model.onnx"}  # the file that each engine reads
NAMES = (*FILES.values(), REPORT, LOCK)  # the files that a manifest may list
LIBRARIES = ("numpy", "scipy", "scikit-learn", "joblib")
RUNTIME = ("numpy", "onnxruntime")  # all that the ONNX engine needs
CONVERTERS = ("onnx", "onnxruntime", "skl2onnx")  # recorded, and not needed by the estimator


class ArtifactError(SlipwayError):
    """An artifact must not be served. The message has the fault and the remedy."""


class MissingError(ArtifactError):
    """A folder or file does not exist, or cannot be read."""

    exit_code = os.EX_NOINPUT


class ManifestError(ArtifactError):
    """The manifest is invalid, or has another format."""


class ChecksumError(ArtifactError):
    """A file is not the one that was packed."""


class VersionError(ArtifactError):
    """The installed libraries have other versions than those that packed the model."""


class GoldenError(ArtifactError):
    """The model loads, but its predictions are not those from when it was packed."""


class UnavailableError(ArtifactError):
    """The artifact cannot be downloaded: not now, or not with these permissions."""

    exit_code = os.EX_UNAVAILABLE


def file_entry(content: bytes) -> FileEntry:
    """The manifest's entry for a file with this content."""
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def library_versions(more: Iterable[str] = ()) -> dict[str, str]:
    """The installed versions of Python and of the libraries; imports nothing."""
    names = (*LIBRARIES, *more)
    return {"python": python_version(), **{name: installed_version(name) for name in names}}


def read_manifest(folder: Path, sha256: str = "") -> Manifest:
    """Read `manifest.json` alone: it describes the model, but its files are not verified yet.

    With `sha256`, only the manifest with this digest is accepted, and so only one model.
    """
    if folder.is_file():
        raise MissingError(
            f"{folder}: is a file, and an artifact is a folder; give the folder, or pack the model "
            "into one: slipway pack MODEL --sample CSV --out DIR"
        )
    if not folder.is_dir():
        raise MissingError(
            f"{folder}: there is no artifact; check SERVICE_MODEL, or pack a model into it: "
            "slipway pack MODEL --sample CSV --out DIR"
        )
    path = folder / MANIFEST
    content, size = _read(path, MAX_MANIFEST_BYTES)
    check_manifest_size(path, size)
    found = file_entry(content).sha256
    if sha256 and found != sha256:
        raise ChecksumError(
            f"{path}: its sha256 is {found}, SERVICE_MODEL_SHA256 is {sha256}: "
            "it is another model; correct one of the two"
        )
    try:
        manifest = Manifest.from_json(content.decode())
    except ValueError as error:  # UnicodeDecodeError is a ValueError
        why = filetypes.no_file(content) or f"{error}; pack the model again"
        raise ManifestError(f"{path}: {why}") from error
    for name in manifest.files:
        if name not in NAMES and not own_code.is_code(name):
            raise ManifestError(
                f"{path}: lists {name[:100]!r}, which is not a file of an artifact "
                f"({', '.join(NAMES)}, {own_code.FOLDER}*.py); pack the model again"
            )
    if manifest.code.get("digest", "") != code_digest(manifest):
        raise ManifestError(f"{path}: its code is not the one that it lists; pack the model again")
    return manifest


def code_digest(manifest: Manifest) -> str:
    """The digest of the modules that a model brings; empty if it brings none."""
    return own_code.digest({name: entry.sha256 for name, entry in manifest.files.items()})


def read_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """The content of every listed file; ChecksumError unless it is byte-identical to what was
    packed."""
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
                f"{path}: its sha256 is {found.sha256}, the manifest has {entry.sha256}: "
                "it is not the file that was packed; restore it or pack the model again"
            )
        contents[name] = content
    return contents


def _refuse_other(path: Path, content: bytes, name: str) -> None:
    """Raise ChecksumError if the first bytes of a file show that it has another format."""
    if name == REPORT and content.startswith(b"<"):  # it is a web page, as it should be
        return
    is_model = name in FILES.values()
    is_onnx = name == FILES[ONNX]
    why = filetypes.not_packed(content, is_onnx) if is_model else filetypes.no_file(content)
    if why is not None:
        raise ChecksumError(f"{path}: {why}")


def check_size(path: Path, found: int, packed: int) -> None:
    """Raise ChecksumError if the size of a file is not the one in the manifest."""
    if found != packed:
        raise ChecksumError(
            f"{path}: has {found} bytes, the manifest has {packed}: "
            "it is not the file that was packed; restore it or pack the model again"
        )


def check_manifest_size(path: Path, found: int) -> None:
    """Raise ManifestError if a manifest is far too large."""
    if found > MAX_MANIFEST_BYTES:
        raise ManifestError(f"{path}: has {found:,} bytes, which is too large for a manifest")


def needed_versions(manifest: Manifest) -> dict[str, str | None]:
    """The libraries that the engine of a model uses, in the versions that packed it."""
    others = manifest.versions.keys() - {"python", *LIBRARIES, *CONVERTERS}
    names = RUNTIME if manifest.engine == ONNX else (*LIBRARIES, *sorted(others))
    return {name: manifest.versions.get(name) for name in names}


def check_versions(folder: Path, manifest: Manifest) -> None:
    """Raise VersionError if other versions packed the model of a library that its engine uses.

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
                f"{_remedy(name, wanted)}"
            ) from None
        if wanted != here:
            raise VersionError(
                f"{folder / MANIFEST}: was packed with {name} {wanted}, here {here} is installed: "
                f"pack the model again with {name} {here}, or serve it with {wanted}"
            )


def _remedy(name: str, version: str | None) -> str:
    install = pip_install(f"{name}=={version}" if version else name)
    if name in LIBRARIES:
        return (
            "the engine of this model is scikit-learn, which the lean image lacks; build the "
            "image without VARIANT=lean, or pack the model with --engine onnx"
        )
    if name in companions.PACKAGES:
        return f"{install}, and add it to the image in this version"
    return install


def _read(path: Path, max_bytes: int) -> tuple[bytes, int]:
    """The first `max_bytes` bytes of a regular file, and its size.

    Pipes and devices are refused, because they may have no end.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise MissingError(f"{path}: is not a regular file; pack the model again")
            return file.read(min(max_bytes, found.st_size)), found.st_size
    except OSError as error:
        raise MissingError(
            f"{path}: cannot be read ({error.strerror}); restore it or pack the model again"
        ) from error


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
