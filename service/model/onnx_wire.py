"""Reads the messages of an ONNX file (Protocol Buffers), as far as needed to check them.

The lean image has no `onnx`, and importing `google.protobuf` takes half as long as importing ONNX
Runtime. So this module reads the wire format: each field is a number, a wire type and a value.
https://protobuf.dev/programming-guides/encoding/
"""

import re
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
SIZES = {FIXED64: 8, FIXED32: 4}
# Consecutive fields with one number, each with its tag. An attribute of a tree has thousands of
# them: AttributeProto.floats (7) and ints (8).
RUNS = {
    0x3D: re.compile(rb"(?:\x3d.{4})++", re.DOTALL),
    0x40: re.compile(rb"(?:\x40[\x80-\xff]{0,9}+[\x00-\x7f])++"),
}


class WireError(ValueError):
    """The content is not a message; the text completes "it"."""


def fields(content: memoryview, runs: bool = False) -> Iterator[tuple[int, int, memoryview]]:
    """The number, the wire type and the bytes of each field; a varint has no bytes.

    With `runs`, consecutive fields of RUNS are yielded as one.
    """
    place, end = 0, len(content)
    while place < end:
        run = RUNS.get(content[place]) if runs else None
        found = run.match(content, place) if run is not None else None
        if found is not None:
            yield content[place] >> 3, content[place] & 7, content[:0]
            place = found.end()
            continue
        tag, place = varint(content, place)
        number, kind = tag >> 3, tag & 7
        value = content[:0]
        if kind == VARINT:
            _, place = varint(content, place)
        elif kind == BYTES:
            size, place = varint(content, place)
            value = content[place : place + size]
            place += size
        elif kind in SIZES:
            place += SIZES[kind]
        else:
            raise WireError("has a field of an unknown type")
        if not number or place > end:
            raise WireError("ends within a field")
        yield number, kind, value


def varint(content: memoryview, place: int) -> tuple[int, int]:
    """An integer of at most ten bytes, and the position behind it."""
    value = 0
    for count in range(10):
        if place + count >= len(content):
            raise WireError("ends within a number")
        byte = content[place + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, place + count + 1
    raise WireError("has a number that is too long")
