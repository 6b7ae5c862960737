"""Programs that make objects: by the five ways to make an instance, and by calls."""

import pickle
import random
from collections.abc import Callable

from tests.fuzz import literals
from tests.fuzz.inventory import Inventory, Name
from tests.fuzz.machine import Item, Machine

# Calls that models need, with the kinds of their arguments: see `argument`.
CALLS = {
    "set": "l", "frozenset": "l", "slice": "iii", "range": "iii", "complex": "ii", "bytearray": "b",
    "encode": "te", "Decimal": "t", "timedelta": "iii", "OrderedDict": "", "deque": "l",
    "defaultdict": "n", "Counter": "",
}  # fmt: skip
MODULES = {
    "encode": "_codecs", "Decimal": "decimal", "timedelta": "datetime",
    **dict.fromkeys(("OrderedDict", "deque", "defaultdict", "Counter"), "collections"),
}  # fmt: skip


class Instances:
    """The part of `programs.Programs` that makes objects."""

    machine: Machine
    chance: random.Random
    names: Inventory
    strange: float
    is_strange: Callable[[], bool]
    change: Callable[[str, int], None]
    state: Callable[[int], None]
    values: Callable[[int, int], None]
    arguments: Callable[[int, int], None]
    name: Callable[..., None]
    text: Callable[..., None]
    integer: Callable[..., None]
    exactly: Callable[[Name], None]

    def made(self, depth: int) -> None:
        """Push an instance, by one of the five ways to make one."""
        machine, chance, item = self.machine, self.chance, Item("made")
        way = chance.randrange(5)
        if way == 0:
            machine.mark()
            self.values(depth, chance.randrange(3))
            kind = chance.choice(("class", "called", "called"))
            name = self.names.draw(chance, self.strange, kind)
            machine.collapse(pickle.INST + f"{name.module}\n{name.attribute}\n".encode(), item)
        elif way == 1:
            machine.mark()
            self.name(kind=chance.choice(("class", "called", "called")))
            self.values(depth, chance.randrange(3))
            machine.collapse(pickle.OBJ, item)
        elif way == 2:
            self.name(kind="class")
            self.arguments(depth, 2 if self.is_strange() else 0)
            machine.replace(pickle.NEWOBJ, 2, item)
        elif way == 3:
            self.name(kind="class")
            self.arguments(depth, 1 if self.is_strange() else 0)
            machine.push(pickle.EMPTY_DICT, Item("dict"))
            if self.is_strange():
                self.change("dict", depth)
            machine.replace(pickle.NEWOBJ_EX, 3, item)
        else:
            self.exactly(Name("copyreg", "_reconstructor", "function"))
            self.name(kind="class")
            bases = ("dict", "list", "tuple") if self.is_strange() else ("object",)
            self.exactly(Name("builtins", chance.choice(bases)))
            machine.push(pickle.NONE, Item("constant"))
            machine.replace(pickle.TUPLE3, 3, Item("tuple"))
            machine.replace(pickle.REDUCE, 2, item)
        if chance.random() < 0.5:
            self.change("made", depth)

    def called(self, depth: int) -> None:
        """Push what a function or class returns."""
        if self.chance.random() < 0.5:
            attribute, wanted = self.chance.choice(list(CALLS.items()))
            module = MODULES.get(attribute, "builtins")
            self.exactly(Name(module, attribute))
            self.machine.mark()
            for letter in wanted:
                self.argument(letter)
            self.machine.collapse(pickle.TUPLE, Item("tuple"))
        else:
            self.name(kind="called")
            self.arguments(depth, 3)
        self.machine.replace(pickle.REDUCE, 2, Item("other"))

    def argument(self, letter: str) -> None:
        """Push a value of one kind."""
        machine = self.machine
        if letter == "i":
            self.integer(self.chance.randrange(1, 9))
        elif letter == "l":
            machine.mark()
            self.argument("i")
            machine.collapse(pickle.LIST, Item("list"))
        elif letter == "n":
            self.exactly(Name("builtins", "list", "class"))
        elif letter in "te":
            self.text(value="1.5" if letter == "t" else "latin1")
        else:
            literals.octets(machine, self.chance)
