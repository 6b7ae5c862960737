"""Opcodes that change what is on top of the stack: fill it, give it a state, call it, drop it."""

import pickle
import random
from collections.abc import Callable
from typing import Any

from tests.fuzz.machine import Item, Machine


class Changes:
    """The part of `programs.Programs` that changes the top of the stack."""

    machine: Machine
    chance: random.Random
    strange: float
    value: Callable[[int], None]
    values: Callable[[int, int], None]
    state: Callable[[int], None]
    arguments: Callable[[int], Any]
    key: Callable[[], None]
    keys: Callable[[int], None]

    def change(self, top: str, depth: int = 1) -> None:
        """Do to the top what its kind allows; now and then what it does not.

        Only where nothing else counts on it, at depth 0, it may be dropped.
        """
        ways: dict[str, tuple[Callable[[int], None], ...]] = {
            "list": (self.append, self.extend),
            "dict": (self.put, self.update),
            "set": (self.add,),
            "made": (self.build,),
            "tuple": (self.wrap, self.drop_marked),
        }
        ends = (self.wrap, self.drop_marked) if depth else (self.wrap, self.drop, self.drop_marked)
        every = (
            *ends, self.build, self.build, self.call_top, self.call_top, self.append, self.extend,
            self.put, self.update, self.add,
        )  # fmt: skip
        strange = self.chance.random() < self.strange
        self.chance.choice(every if strange else ways.get(top, ends))(depth or 1)

    def append(self, depth: int) -> None:
        self.value(depth)
        self.machine.stack.pop()
        self.machine.emit(pickle.APPEND)

    def extend(self, depth: int) -> None:
        self.several(depth, pickle.APPENDS)

    def add(self, depth: int) -> None:
        self.machine.mark()
        self.keys(self.chance.randrange(3))
        self.machine.to_mark()
        self.machine.emit(pickle.ADDITEMS)

    def several(self, depth: int, code: bytes, keyed: bool = False) -> None:
        self.machine.mark()
        for _ in range(self.chance.randrange(3)):
            if keyed:
                self.key()
            self.value(depth + 1)
        self.machine.to_mark()
        self.machine.emit(code)

    def put(self, depth: int) -> None:
        self.key()
        self.value(depth + 1)
        del self.machine.stack[-2:]
        self.machine.emit(pickle.SETITEM)

    def update(self, depth: int) -> None:
        self.several(depth, pickle.SETITEMS, keyed=True)

    def build(self, depth: int) -> None:
        self.state(depth)
        self.machine.stack.pop()
        self.machine.emit(pickle.BUILD)

    def call_top(self, depth: int) -> None:
        self.arguments(depth)
        self.machine.replace(pickle.REDUCE, 2, Item("made"))

    def drop(self, depth: int) -> None:
        self.machine.stack.pop()
        self.machine.emit(pickle.POP)

    def drop_marked(self, depth: int) -> None:
        """Push some items above a mark and drop them all."""
        self.machine.mark()
        self.values(depth, self.chance.randrange(3))
        self.machine.to_mark()
        self.machine.emit(pickle.POP_MARK)

    def wrap(self, depth: int) -> None:
        self.machine.replace(pickle.TUPLE1, 1, Item("tuple"))
