"""Reads the model in an archive, such as SageMaker's model.tar.gz. Nothing is written to disk."""

import io
import tarfile
from pathlib import PurePosixPath

ENDS = (".joblib", ".pickle", ".pkl", ".sav", ".skops")
MAGIC = slice(257, 262), b"ustar"
SHOWN_NAMES = 5  # of files, in an error


def is_archive(content: bytes) -> bool:
    """Whether these are the bytes of an uncompressed tar archive."""
    return content[MAGIC[0]] == MAGIC[1]


class SeveralError(Exception):
    """An archive has several models; the text is one line with the remedy."""


def model(content: bytes) -> bytes:
    """The content of the model's file; ValueError if there is none, or the archive is damaged."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            found = [one for one in archive if one.isfile() and _is_model(one.name)]
            file = archive.extractfile(found[0]) if len(found) == 1 else None
            if file is not None:
                return file.read()
    except (tarfile.TarError, EOFError) as error:
        raise ValueError("is an archive (tar) that is damaged") from error
    if not found:
        raise ValueError("is an archive (tar) without a model")
    names = ", ".join(one.name for one in found[:SHOWN_NAMES])
    raise SeveralError(
        f"is an archive (tar) with several models ({names}): unpack it, and give those that belong "
        "together, in the order in which rows go through them"
    )


def _is_model(name: str) -> bool:
    last = PurePosixPath(name).name
    return last.lower().endswith(ENDS) and not last.startswith(".")
