"""Publish an artifact in one step: a crash leaves the old one or the new one, never a mixture."""

import ctypes
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from service.model import own_code
from service.model.artifact import FILES, MANIFEST, REPORT, ArtifactError, read_manifest
from service.model.locked import LOCK
from service.model.manifest import REPORTS, Manifest

AT_FDCWD = -100  # <fcntl.h>: paths are relative to the working directory
SWAP = 2  # RENAME_EXCHANGE in <linux/fs.h>, RENAME_SWAP in macOS's <sys/stdio.h>
CANNOT = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV}


def publish(
    folder: Path,
    manifest: Manifest,
    contents: Mapping[str, bytes],
    check: Callable[[Path], object],
) -> None:
    """Publish an artifact at `folder` once `check(staged folder)` has passed.

    Until the last step everything happens in a folder beside it; that step is one rename, so a
    reader or a crash meets the old artifact or the new one, whole. An exception of `check` passes
    through and leaves the old artifact as it was.
    """
    folder = folder.resolve()
    refuse_to_replace(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        staged.chmod(0o755)  # mkdtemp's 0700 would lock out the container's user
        for name, content in {**contents, MANIFEST: manifest.to_json().encode()}.items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            _write_durably(staged / name, content)
        check(staged)
        for path in (*staged.rglob("*/"), staged):
            _sync(path)
        if folder.exists():
            _exchange(staged, folder)
        else:
            staged.rename(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def refuse_to_replace(folder: Path) -> None:
    """Raise ArtifactError if writing to `folder` would delete anything but an artifact."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ArtifactError(f"{folder}: is a file, an artifact is a folder; choose another place")
    found = (*folder.glob("*"), *folder.glob(f"{REPORTS}*"), *folder.glob(f"{own_code.FOLDER}**/*"))
    foreign = {path.relative_to(folder).as_posix() for path in found} - _own_names(folder)
    if foreign:
        raise ArtifactError(
            f"{folder}: holds {min(foreign)!r}, no part of an artifact: it would be lost; "
            "choose another place, or empty this one"
        )


def _own_names(folder: Path) -> set[str]:
    if not (folder / MANIFEST).exists():
        return set()  # a model.joblib alone is somebody's model, not an artifact
    own = {MANIFEST, REPORT, LOCK, *FILES.values()}
    with suppress(ArtifactError):  # replacing a damaged one is how it is mended
        own.update(read_manifest(folder).files)
    return own | {parent.as_posix() for name in own for parent in Path(name).parents}


def _exchange(one: Path, other: Path) -> None:
    """Swap the two names.

    Some file systems (NFS for one) cannot do it in one step. There `other` is missing for the
    instant between two renames.
    """
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        status = library.renamex_np(first, second, SWAP)
    else:
        status = library.renameat2(AT_FDCWD, first, AT_FDCWD, second, SWAP)
    if status == 0:
        return
    code = ctypes.get_errno()
    if code not in CANNOT:
        raise OSError(code, os.strerror(code), str(one), None, str(other))
    aside = other.with_name(f"{one.name}.old")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
