"""A joblib file split into opcodes: the bytes of arrays between them are found by reading it."""

import io
import pickle
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
    """What reading a file of our own showed: protocol, names, what they are for, arrays."""

    protocol: int = 4
    names: set[tuple[str, str]] = field(default_factory=set)
    called: set[tuple[str, str]] = field(default_factory=set)
    made: set[tuple[str, str]] = field(default_factory=set)
    arrays: list[tuple[int, int]] = field(default_factory=list)


def contents(dumped: bytes) -> Contents:
    """Read a file that was dumped here, from objects made here, with joblib's own unpickler."""
    found = Contents()
    roles: dict[int, tuple[str, str]] = {}

    class Wrapper(numpy_pickle.NumpyArrayWrapper):  # type: ignore[misc]  # joblib has no type hints
        def read(self, unpickler: Any, ensure_native_byte_order: bool) -> Any:
            start = unpickler.file_handle.tell()
            array = super().read(unpickler, ensure_native_byte_order)
            found.arrays.append((start, unpickler.file_handle.tell()))
            return array

    class Reader(numpy_pickle.NumpyUnpickler):  # type: ignore[misc]
        dispatch = numpy_pickle.NumpyUnpickler.dispatch.copy()

        def find_class(self, module: str, name: str) -> Any:
            found.protocol = self.proto
            if self.proto >= 3:  # before, the names are those of Python 2
                found.names.add((module, name))
            known = super().find_class(module, name)
            known = Wrapper if known is numpy_pickle.NumpyArrayWrapper else known
            roles[id(known)] = module, name
            return known

        def used(self, names: set[tuple[str, str]]) -> None:
            if self.proto >= 3:
                names.add(roles[id(self.stack[-2])])

        def load_reduce(self) -> None:
            self.used(found.called)
            super().load_reduce()

        def load_newobj(self) -> None:
            self.used(found.made)
            super().load_newobj()

        dispatch[pickle.REDUCE[0]] = load_reduce
        dispatch[pickle.NEWOBJ[0]] = load_newobj

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
