"""The one model in an archive, such as the model.tar.gz of SageMaker. Nothing is unpacked."""

import io
import tarfile
from pathlib import PurePosixPath

ENDS = (".joblib", ".pickle", ".pkl", ".sav", ".skops")
MAGIC = slice(257, 262), b"ustar"
SHOWN = 5  # names of files


def is_archive(content: bytes) -> bool:
    """Whether these are the bytes of a tar archive, not compressed."""
    return content[MAGIC[0]] == MAGIC[1]


class SeveralError(Exception):
    """An archive has several models; the text is one line, with what to do."""


def model(content: bytes) -> bytes:
    """The file of the model; ValueError if there is none, or if the archive is damaged."""
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
    raise SeveralError(
        f"is an archive (tar) with several models ({', '.join(one.name for one in found[:SHOWN])}):"
        " unpack it, and give those that belong together, in the order in which rows go through "
        "them"
    )


def _is_model(name: str) -> bool:
    last = PurePosixPath(name).name
    return last.lower().endswith(ENDS) and not last.startswith(".")
