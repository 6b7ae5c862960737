"""Opcodes that push a plain value: every one there is, with values that are plausible and small."""

import pickle
import random
import struct
from collections.abc import Callable

from tests.fuzz.inventory import DUNDERS, Inventory
from tests.fuzz.machine import Item, Machine

INTEGERS = (-1, 0, 1, 2, 3, 5, 8, 16, 100, 255, 256, 1000, 65535, 2**31 - 1, -(2**31))
FLOATS = (0.0, 1.0, -1.0, 0.5, 1e300, float("inf"), float("nan"))
# The paths are inside the worker's temporary folder. The texts would do no more than make a file.
TEXTS = (
    "", "a", "C", "F", "O", "<", "|", "<f8", "i4", "f8", "V16", "U3", "M8[ns]", "made", "./made",
    "w", "wb",
    "open('made', 'w')", "import os; os.mkdir('made')", "__import__('os').mkdir('made')",
    "lambda: 0", "os", "sys", "numpy", "builtins", "sklearn.base", "mkdir", "fit", "predict",
    "transform", "append", "extend", "add", "func", "args", "coef_", "classes_", "dtype", "shape",
    "order", "subclass", "allow_mmap", "numpy_array_alignment_bytes", "memory", "steps",
    "{0.__class__}",
)  # fmt: skip
BYTES = (b"", b"a", b"\0" * 8, b"made", b"\x80\x04N.", bytes(range(64)))


def integer(machine: Machine, chance: random.Random, value: int | None = None) -> None:
    """Push an integer, by one of the opcodes that can hold it."""
    number = chance.choice(INTEGERS) if value is None else value
    codes = [pickle.INT + b"%d\n" % number, pickle.LONG + b"%dL\n" % number]
    encoded = pickle.encode_long(number)
    codes += [pickle.LONG1 + bytes([len(encoded)]) + encoded]
    codes += [pickle.LONG4 + struct.pack("<i", len(encoded)) + encoded]
    codes += [pickle.BININT + struct.pack("<i", number)]
    if 0 <= number < 256:
        codes += [pickle.BININT1 + bytes([number])]
    if 0 <= number < 65536:
        codes += [pickle.BININT2 + struct.pack("<H", number)]
    machine.push(chance.choice(codes), Item("int"))


def real(machine: Machine, chance: random.Random) -> None:
    """Push a floating-point number."""
    number = chance.choice(FLOATS)
    code = pickle.BINFLOAT + struct.pack(">d", number)
    if chance.random() < 0.5:
        code = pickle.FLOAT + repr(number).encode() + b"\n"
    machine.push(code, Item("float"))


def constant(machine: Machine, chance: random.Random) -> None:
    """Push None, True or False."""
    codes = (pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.TRUE, pickle.FALSE)
    machine.push(chance.choice(codes), Item("constant"))


def text_code(text: str, chance: random.Random) -> bytes:
    """A string, by one of the opcodes that can hold it."""
    content = text.encode()
    codes = [
        pickle.BINUNICODE + struct.pack("<I", len(content)) + content,
        pickle.BINUNICODE8 + struct.pack("<Q", len(content)) + content,
        pickle.UNICODE + text.encode("raw-unicode-escape") + b"\n",
    ]
    if len(content) < 256:
        codes.append(pickle.SHORT_BINUNICODE + bytes([len(content)]) + content)
    if text.isascii():  # Python 2's strings
        codes.append(pickle.STRING + repr(text).encode() + b"\n")
        codes.append(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        if len(content) < 256:
            codes.append(pickle.SHORT_BINSTRING + bytes([len(content)]) + content)
    return chance.choice(codes)


def text(
    machine: Machine, chance: random.Random, names: Inventory, value: str | None = None
) -> None:
    """Push a string: a word, a path, a short program, a module or the name of an attribute."""
    if value is None:
        value, drawn = chance.choice(TEXTS), chance.random()
        drawn = chance.random()
        if drawn < 0.05:
            value = chance.choice(DUNDERS)
        elif drawn < 0.25:
            value = chance.choice(names.needed).attribute
        elif drawn < 0.3:
            value = chance.choice(names.modules)
    machine.push(text_code(value, chance), Item("str"))


def octets(machine: Machine, chance: random.Random) -> None:
    """Push bytes, a bytearray, or one of the buffers that stand outside of the pickle."""
    content = chance.choice(BYTES)
    long = struct.pack("<Q", len(content)) + content
    codes = {
        pickle.SHORT_BINBYTES + bytes([len(content)]) + content: "bytes",
        pickle.BINBYTES + struct.pack("<I", len(content)) + content: "bytes",
        pickle.BINBYTES8 + long: "bytes",
        pickle.BYTEARRAY8 + long: "bytearray",
    }
    code, kind = chance.choice(list(codes.items()))
    machine.push(code, Item(kind))


def long_octets(machine: Machine, chance: random.Random) -> None:
    """Push bytes by an opcode that picklers write for many of them."""
    content = chance.choice(BYTES)
    if chance.random() < 0.5:
        code = pickle.BINBYTES + struct.pack("<I", len(content))
    else:
        code = pickle.BINBYTES8 + struct.pack("<Q", len(content))
    machine.push(code + content, Item("bytes"))


def outside(machine: Machine, chance: random.Random) -> None:
    """Ask for what no model file has: a persistent object, an extension's code, a buffer."""
    drawn = chance.randrange(7)
    if drawn == 6:
        read_only(machine, chance)
    elif drawn == 0:
        machine.push(pickle.PERSID + b"made\n", Item("other"))
    elif drawn == 1:
        machine.push(text_code("made", chance), Item("str"))
        machine.replace(pickle.BINPERSID, 1, Item("other"))
    elif drawn == 2:
        machine.push(pickle.EXT1 + bytes([chance.choice((1, 2, 200))]), Item("other"))
    elif drawn == 3:
        machine.push(pickle.EXT2 + struct.pack("<H", chance.choice((1, 300, 301))), Item("other"))
    elif drawn == 4:
        code = chance.choice((1, 2, 70000, 70001))
        machine.push(pickle.EXT4 + struct.pack("<i", code), Item("other"))
    else:
        machine.push(pickle.NEXT_BUFFER, Item("other"))


def read_only(machine: Machine, chance: random.Random) -> None:
    """Push bytes or a bytearray and make a read-only buffer of it."""
    octets(machine, chance)
    machine.replace(pickle.READONLY_BUFFER, 1, Item("other"))


PLAIN: tuple[Callable[[Machine, random.Random], None], ...] = (
    integer, integer, real, constant, octets, octets,
)  # fmt: skip
