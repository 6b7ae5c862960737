"""Programs that rebuild arrays: NumPy's own way, and joblib's wrapper with raw bytes behind it."""

import pickle
import random
from collections.abc import Callable

from tests.fuzz.inventory import Inventory, Name
from tests.fuzz.machine import Item, Machine

WRAPPER = Name("joblib.numpy_pickle", "NumpyArrayWrapper", "class")
ARRAY = Name("numpy", "ndarray", "class")
DTYPE = Name("numpy", "dtype", "class")
RECONSTRUCT = Name("numpy._core.multiarray", "_reconstruct", "function")
TYPES = ("f8", "f8", "i8", "i4", "u1", "b1", "O8", "U3", "S4", "V16", "M8[ns]", "c16")
ALIGNMENT = 16


class Arrays:
    """The part of `programs.Programs` that writes arrays."""

    machine: Machine
    chance: random.Random
    names: Inventory
    value: Callable[[int], None]
    text: Callable[..., None]
    integer: Callable[..., None]
    exactly: Callable[[Name], None]

    def array(self, depth: int) -> None:
        """Push an array, or what claims to be one."""
        self.chance.choice((self.wrapped, self.wrapped, self.rebuilt, self.dtype))(depth)

    def tuple_of(self, size: int) -> None:
        self.machine.replace(
            (pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)[size - 1], size, Item("tuple")
        )

    def dtype(self, depth: int = 0) -> None:
        """Push a dtype as NumPy dumps it."""
        machine, flag = self.machine, self.chance.choice((pickle.NEWFALSE, pickle.NEWTRUE))
        self.exactly(DTYPE)
        self.text(value=self.chance.choice(TYPES))
        machine.push(flag, Item("constant"))
        machine.push(pickle.NEWTRUE, Item("constant"))
        self.tuple_of(3)
        machine.replace(pickle.REDUCE, 2, Item("made"))
        if self.chance.random() < 0.6:
            self.dtype_state()

    def dtype_state(self) -> None:
        machine = self.machine
        machine.mark()
        self.integer(3)
        self.text(value=self.chance.choice(("<", "|", ">")))
        for _ in range(3):
            machine.push(pickle.NONE, Item("constant"))
        for number in (-1, -1, self.chance.choice((0, 0, 63))):
            self.integer(number)
        machine.to_mark()
        machine.emit(pickle.TUPLE + pickle.BUILD)

    def shape(self) -> int:
        """Push a shape; return how many elements it has."""
        dimensions = [self.chance.randrange(4) for _ in range(self.chance.randrange(1, 3))]
        count = 1
        for size in dimensions:
            self.integer(size)
            count *= size
        self.tuple_of(len(dimensions))
        return count

    def rebuilt(self, depth: int) -> None:
        """Push an array by `_reconstruct` and a state, as pickle dumps it."""
        machine = self.machine
        self.exactly(RECONSTRUCT)
        self.exactly(ARRAY) if self.chance.random() < 0.8 else self.value(depth)
        self.integer(0)
        self.tuple_of(1)
        machine.push(pickle.SHORT_BINBYTES + b"\x01b", Item("bytes"))
        self.tuple_of(3)
        machine.replace(pickle.REDUCE, 2, Item("made"))
        machine.mark()
        self.integer(1)
        count = self.shape()
        self.dtype() if self.chance.random() < 0.8 else self.value(depth)
        machine.push(pickle.NEWFALSE, Item("constant"))
        if self.chance.random() < 0.8:
            content = bytes(8 * count)
            machine.push(pickle.SHORT_BINBYTES + bytes([len(content)]) + content, Item("bytes"))
        else:
            self.value(depth)
        machine.to_mark()
        machine.emit(pickle.TUPLE + pickle.BUILD)

    def wrapped(self, depth: int) -> None:
        """Push joblib's wrapper of an array, one field of which may be anything; then raw bytes."""
        machine, strange = self.machine, self.chance.randrange(25)
        self.exactly(WRAPPER)
        machine.push(pickle.EMPTY_TUPLE, Item("tuple"))
        machine.replace(pickle.NEWOBJ, 2, Item("made"))
        machine.push(pickle.EMPTY_DICT, Item("dict"))
        machine.mark()
        count = 0
        fields = ["subclass", "shape", "order", "dtype", "allow_mmap", "alignment"]
        for place, field in enumerate(fields):
            if self.chance.random() < 0.02:
                continue
            name = "numpy_array_alignment_bytes" if field == "alignment" else field
            self.text(value=name)
            if place == strange:
                self.value(depth)
            elif field == "shape":
                count = self.shape()
            else:
                self.wrapper_field(field)
        machine.to_mark()
        machine.emit(pickle.SETITEMS)
        machine.stack.pop()
        machine.emit(pickle.BUILD)
        self.content(count)

    def wrapper_field(self, field: str) -> None:
        if field == "subclass":
            self.exactly(ARRAY)
        elif field == "dtype":
            self.dtype()
        elif field == "order":
            self.text(value=self.chance.choice("CF"))
        elif field == "alignment":
            self.integer(ALIGNMENT)
        else:
            self.machine.push(self.chance.choice((b"\x88", b"\x89")), Item("constant"))

    def content(self, count: int) -> None:
        """Add the raw bytes: padding and elements, or a program, as arrays of objects have it."""
        if self.chance.random() < 0.7:
            self.machine.emit(b"\x02\xff\xff" + bytes(8 * count), raw=True)
            return
        outer, self.machine = self.machine, Machine(self.machine.protocol)
        self.value(2)
        inner = self.machine.finish(self.chance)
        self.machine = outer
        self.machine.emit(inner, raw=True)
