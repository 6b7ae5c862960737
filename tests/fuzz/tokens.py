"""A joblib file split into opcodes: the bytes of arrays between them are found by reading it."""

import io
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from joblib import numpy_pickle


@dataclass(frozen=True)
class Token:
    """One opcode with its argument; `raw` for the bytes of an array, which are no opcode."""

    name: str
    argument: Any
    code: bytes


@dataclass
class Contents:
    """What reading a file of our own showed: the names it imports and where its arrays are."""

    names: set[tuple[str, str]] = field(default_factory=set)
    arrays: list[tuple[int, int]] = field(default_factory=list)


def contents(dumped: bytes) -> Contents:
    """Read a file that was dumped here, from objects made here, with joblib's own unpickler."""
    found = Contents()

    class Wrapper(numpy_pickle.NumpyArrayWrapper):  # type: ignore[misc]  # joblib has no type hints
        def read(self, unpickler: Any, ensure_native_byte_order: bool) -> Any:
            start = unpickler.file_handle.tell()
            array = super().read(unpickler, ensure_native_byte_order)
            found.arrays.append((start, unpickler.file_handle.tell()))
            return array

    class Reader(numpy_pickle.NumpyUnpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            found.names.add((module, name))
            known = super().find_class(module, name)
            return Wrapper if known is numpy_pickle.NumpyArrayWrapper else known

    Reader("", io.BytesIO(dumped), ensure_native_byte_order=True).load()
    return found


def tokens(dumped: bytes, arrays: list[tuple[int, int]]) -> Iterator[Token]:
    """The opcodes of a file, without its frames and its protocol."""
    start = 0
    for begin, end in arrays:
        yield from _opcodes(dumped[start:begin] + b".")[:-1]
        yield Token("raw", None, dumped[begin:end])
        start = end
    yield from _opcodes(dumped[start:])


def _opcodes(segment: bytes) -> list[Token]:
    found = list(pickletools.genops(segment))
    places = [place or 0 for _, _, place in found] + [len(segment)]
    return [
        Token(opcode.name, argument, segment[place:end])
        for (opcode, argument, place), end in zip(found, places[1:], strict=True)
        if opcode.name not in ("PROTO", "FRAME")
    ]
