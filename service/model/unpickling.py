"""Unpickle a model with what models are made of, and nothing else.

A pickle is a program. One unpickler (`unpickler.py`) reads it for every purpose: `inspect` reads
with stand-ins where `load` imports. docs/trust.md says what this stops.
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

    `trusted` are names that the operator allows on top of the list (`trust.py`), `code` those of
    modules that the model brings and that are imported already (`own_code.py`). UntrustedError
    names the first thing that is not allowed; ValueError if the content is no pickle.
    """
    return Unpickler(io.BytesIO(decompressed(content)), Loading(trusted, code)).read_all()


def inspect(content: bytes, trusted: Collection[str] = (), code: OwnCode = NONE) -> Inspection:
    """Read a pickle as `load` does, but import nothing; ValueError if it is no pickle."""
    names = Inspecting(trusted, code)
    try:
        made = Unpickler(io.BytesIO(decompressed(content)), names).read_all()
        if type(made) in PLAIN:
            names.found.holds = type(made).__name__
    except UntrustedError as error:
        names.found.untrusted.append(error)
    except Exception:
        if not names.found.untrusted:  # else it is a consequence of a stand-in
            raise
    return names.found
