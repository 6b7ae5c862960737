"""Unpickle a model, or inspect its pickle; only names of the allow-list are imported.

A pickle is a program. One unpickler (`unpickler.py`) executes it for both: where `load` imports a
name, `inspect` uses a stand-in. docs/trust.md describes the attacks that this prevents.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from service.model.own_code import NONE, OwnCode
from service.model.pickled_names import Inspecting, Inspection, Loading
from service.model.trust import UntrustedError
from service.model.unpickler import Unpickler

COMPRESSED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
    (b"\x5d\x00", lzma.decompress),
    (b"x", zlib.decompress),  # no pickle starts with an x
)
PLAIN = (dict, list, tuple, set, str, bytes, bytearray, int, float, bool, type(None), np.ndarray)


def decompressed(content: bytes) -> bytes:
    """The pickle in a file that joblib may have compressed; ValueError if it is damaged."""
    for magic, decompress in COMPRESSED:
        if content.startswith(magic):
            try:
                return decompress(content)
            except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
                raise ValueError(f"cannot be decompressed ({error})") from error
    return content


def load(content: bytes, trusted: Collection[str] = (), code: OwnCode = NONE) -> Any:
    """Unpickle what joblib or pickle dumped.

    `trusted` are names that the operator allows besides the list (`trust.py`), `code` those of
    modules that the model brings and that are already imported (`own_code.py`). UntrustedError
    names the first thing that is not allowed; ValueError if the content is not a pickle.
    """
    return Unpickler(io.BytesIO(decompressed(content)), Loading(trusted, code)).read_all()


def inspect(content: bytes, trusted: Collection[str] = (), code: OwnCode = NONE) -> Inspection:
    """Read a pickle as `load` does, but import nothing; ValueError if it is not a pickle."""
    names = Inspecting(trusted, code)
    try:
        made = Unpickler(io.BytesIO(decompressed(content)), names).read_all()
        if type(made) in PLAIN:
            names.found.holds = type(made).__name__
    except UntrustedError as error:
        names.found.untrusted.append(error)
    except Exception:
        if not names.found.untrusted:  # otherwise a stand-in may have caused the error
            raise
    return names.found
