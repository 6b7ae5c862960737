"""A symbolic pickle machine: it writes opcodes and keeps track of the stack, marks and memo.

Programs that are written with it are well-formed: no opcode finds too few items on the stack, and
every memo entry that is read was written before.
"""

import pickle
import random
import struct
from dataclasses import dataclass, field

from tests.fuzz.inventory import Name

LONGEST_FRAME = 2**16


@dataclass(frozen=True)
class Item:
    """What is known about an item of the stack: its kind, and its name if it was imported."""

    kind: str
    name: Name | None = None


MARK = Item("mark")


@dataclass(frozen=True)
class Part:
    """The bytes of one opcode; `raw` bytes follow an array wrapper and stand outside of frames."""

    code: bytes
    raw: bool = False


@dataclass
class Machine:
    """The program so far, and the state that it would leave the unpickler in."""

    protocol: int
    parts: list[Part] = field(default_factory=list)
    stack: list[Item] = field(default_factory=list)
    memo: dict[int, Item] = field(default_factory=dict)

    def emit(self, code: bytes, raw: bool = False) -> None:
        """Add bytes that change neither stack nor memo."""
        self.parts.append(Part(code, raw))

    def push(self, code: bytes, item: Item) -> None:
        """Add an opcode that pushes one item."""
        self.emit(code)
        self.stack.append(item)

    def replace(self, code: bytes, taken: int, item: Item) -> None:
        """Add an opcode that takes items from the top and pushes one."""
        assert MARK not in self.stack[len(self.stack) - taken :]
        del self.stack[len(self.stack) - taken :]
        self.push(code, item)

    def mark(self) -> None:
        """Push a mark."""
        self.push(pickle.MARK, MARK)

    def to_mark(self) -> list[Item]:
        """Forget the topmost mark and what is above it; return what was above it."""
        place = len(self.stack) - 1 - self.stack[::-1].index(MARK)
        above = self.stack[place + 1 :]
        del self.stack[place:]
        return above

    def collapse(self, code: bytes, item: Item) -> None:
        """Add an opcode that takes all above the topmost mark and pushes one item."""
        self.to_mark()
        self.push(code, item)

    def remember(self, chance: random.Random) -> None:
        """Put the top of the stack into the memo, by one of the four opcodes."""
        code = chance.choice((pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE))
        place = len(self.memo) if code == pickle.MEMOIZE else chance.randrange(200)
        if code == pickle.PUT:
            self.emit(code + b"%d\n" % place)
        elif code == pickle.BINPUT:
            self.emit(code + bytes([place]))
        elif code == pickle.LONG_BINPUT:
            self.emit(code + struct.pack("<I", place))
        else:
            self.emit(code)
        self.memo[place] = self.stack[-1]

    def recall(self, chance: random.Random) -> None:
        """Push an item of the memo, by one of the three opcodes."""
        place = chance.choice(list(self.memo))
        code = chance.choice((pickle.GET, pickle.BINGET, pickle.LONG_BINGET))
        if code == pickle.GET:
            self.push(code + b"%d\n" % place, self.memo[place])
        elif code == pickle.BINGET and place < 256:
            self.push(code + bytes([place]), self.memo[place])
        else:
            self.push(pickle.LONG_BINGET + struct.pack("<I", place), self.memo[place])

    def finish(self, chance: random.Random) -> bytes:
        """Reduce the stack to one item, stop, and return the program."""
        while MARK in self.stack:
            if chance.random() < 0.5:
                self.collapse(pickle.TUPLE, Item("tuple"))
            else:
                self.to_mark()
                self.emit(pickle.POP_MARK)
        while len(self.stack) > 1:
            if chance.random() < 0.5:
                self.replace(pickle.TUPLE2, 2, Item("tuple"))
            else:
                self.stack.pop()
                self.emit(pickle.POP)
        if not self.stack:
            self.push(pickle.NONE, Item("none"))
        self.emit(pickle.STOP)
        return assembled(self.parts, self.protocol, chance)


def assembled(parts: list[Part], protocol: int, chance: random.Random) -> bytes:
    """Join the parts; from protocol 4 on, half of the programs are divided into frames."""
    start = pickle.PROTO + bytes([protocol]) if protocol >= 2 else b""
    if protocol < 4 or chance.random() < 0.5:
        return start + b"".join(part.code for part in parts)
    content, frame = bytearray(start), bytearray()
    for part in parts:
        if part.raw or len(frame) > LONGEST_FRAME or chance.random() < 0.02:
            content += framed(frame)
            frame.clear()
        if part.raw:
            content += part.code
        else:
            frame += part.code
    return bytes(content + framed(frame))


def framed(content: bytes | bytearray) -> bytes:
    """The content as one frame; nothing if it is empty."""
    return pickle.FRAME + struct.pack("<Q", len(content)) + content if content else b""
