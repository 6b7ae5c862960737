"""Decompresses a file, in each format that joblib supports."""

import io
from typing import Any

from service.model import unpickling

LZ4 = b"\x04\x22\x4d\x18"
ZSTANDARD = b"\x28\xb5\x2f\xfd"
AGAIN = "download or copy it again"


def decompressed(content: bytes) -> bytes:
    """The decompressed content, or the same content if it is not; ValueError if it is damaged."""
    if content.startswith(LZ4):
        from lz4 import frame as lz4_frame  # type: ignore[import-untyped]

        try:
            found: Any = lz4_frame.decompress(content)
        except RuntimeError as error:
            raise ValueError(f"is compressed with LZ4, and is damaged: {AGAIN}") from error
        return bytes(found)
    if content.startswith(ZSTANDARD):
        from zstandard import ZstdDecompressor, ZstdError

        file = io.BytesIO(content)
        try:
            return ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
        except ZstdError as error:
            raise ValueError(f"is compressed with Zstandard, and is damaged: {AGAIN}") from error
    return unpickling.decompressed(content)
