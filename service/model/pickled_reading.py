"""Read opcodes and their arguments from the bytes of a file, with Python's own unpickler.

`pickle._Unpickler` copies each frame, and reads the copy by Python functions. `Reading` calls the
methods of the file, which is in memory. A frame only announces how much can be read ahead, so
`Reading` skips its header.
"""

import io
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

from service.model.trust import UntrustedError

PythonUnpickler: Any = vars(pickle)["_Unpickler"]  # the one in Python; `pickle.Unpickler` is in C
Stop: Any = vars(pickle)["_Stop"]  # STOP raises it, with the value


class Reading(PythonUnpickler):  # type: ignore[misc]  # its type is not declared
    """Python's unpickler, reading the file directly."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(PythonUnpickler.dispatch)

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.file = file
        self.length = file.getbuffer().nbytes  # of the whole file

    def load(self) -> Any:
        """The value; the exceptions of `pickle` if the content is not a complete pickle."""
        self.read, self.readline, self.readinto = (
            self.file.read, self.file.readline, self.file.readinto,
        )  # fmt: skip
        self.metastack: list[list[Any]] = []
        self.stack: list[Any] = []
        self.append = self.stack.append
        self.proto = 0
        read, dispatch = self.read, self.dispatch
        try:
            while opcode := read(1):
                dispatch[opcode[0]](self)
        except Stop as stop:
            return stop.value
        raise EOFError

    def load_frame(self) -> None:
        """FRAME: the number of bytes that the writer wrote at once."""
        if int.from_bytes(self.read(8), "little") > self.length - self.file.tell():
            raise ValueError("is damaged: it ends within a frame")

    def load_binget(self) -> None:
        """BINGET: get a value from the memo. It is the most frequent opcode."""
        self.append(self.memo[self.read(1)[0]])

    def load_bytearray8(self) -> None:
        """BYTEARRAY8: a bytearray; the file must contain as many bytes as the opcode announces."""
        length = int.from_bytes(self.read(8), "little")
        content = self.read(length) if length <= self.length else b""
        if len(content) != length:
            raise ValueError("is damaged: it ends within bytes")
        self.append(bytearray(content))

    def load_readonly_buffer(self) -> None:
        """READONLY_BUFFER: refuse a buffer that is stored outside of the file."""
        raise UntrustedError("a buffer outside of the file")


for opcode, method in {
    pickle.FRAME: Reading.load_frame,
    pickle.BINGET: Reading.load_binget,
    pickle.BYTEARRAY8: Reading.load_bytearray8,
    pickle.READONLY_BUFFER: Reading.load_readonly_buffer,
}.items():
    Reading.dispatch[opcode[0]] = method
