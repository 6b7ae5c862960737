"""Writes an artifact in one step: a crash leaves the old one or the new one, never a mixture."""

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
NOT_SUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV}


def publish(
    folder: Path,
    manifest: Manifest,
    contents: Mapping[str, bytes],
    check: Callable[[Path], object],
) -> None:
    """Write an artifact to `folder` after `check(staged folder)` has passed.

    The files are written to a folder next to it, and the last step is one rename: a reader, or a
    restart after a crash, finds the old artifact or the new one. If `check` raises, the old
    artifact stays.
    """
    folder = folder.resolve()
    refuse_to_replace(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        staged.chmod(0o755)  # the container's user could not read mkdtemp's 0700
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
        raise ArtifactError(f"{folder}: is a file, an artifact is a folder; choose another path")
    found = (*folder.glob("*"), *folder.glob(f"{REPORTS}*"), *folder.glob(f"{own_code.FOLDER}**/*"))
    foreign = {path.relative_to(folder).as_posix() for path in found} - _own_names(folder)
    if foreign:
        raise ArtifactError(
            f"{folder}: has {min(foreign)!r}, which is not part of an artifact: it would be "
            "deleted; choose another folder, or empty this one"
        )


def _own_names(folder: Path) -> set[str]:
    if not (folder / MANIFEST).exists():
        return set()  # without a manifest, a model.joblib may be the user's own file
    own = {MANIFEST, REPORT, LOCK, *FILES.values()}
    with suppress(ArtifactError):  # a damaged artifact may be replaced
        own.update(read_manifest(folder).files)
    return own | {parent.as_posix() for name in own for parent in Path(name).parents}


def _exchange(one: Path, other: Path) -> None:
    """Exchange two paths.

    Some file systems, such as NFS, cannot do it in one step. There `other` does not exist between
    two renames.
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
    if code not in NOT_SUPPORTED:
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
