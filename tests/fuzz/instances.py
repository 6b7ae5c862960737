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
        way = chance.choice("ioner")
        if way in "io":
            self.marked(depth, way == "i")
        elif way == "n":
            self.name(kind="class")
            self.arguments(depth, 2 if self.is_strange() else 0)
            machine.replace(pickle.NEWOBJ, 2, item)
        elif way == "e":
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

    def marked(self, depth: int, named: bool) -> None:
        """Push what a call makes, by the opcodes whose arguments stand above a mark."""
        name, wanted = self.some_call()
        self.machine.mark()
        if not named:
            self.exactly(name)
        self.call_arguments(depth, wanted)
        code = f"i{name.module}\n{name.attribute}\n".encode() if named else pickle.OBJ
        self.machine.collapse(code, Item("other"))

    def called(self, depth: int) -> None:
        """Push what a function or class returns."""
        name, wanted = self.some_call()
        self.exactly(name)
        self.machine.mark()
        self.call_arguments(depth, wanted)
        self.machine.collapse(pickle.TUPLE, Item("tuple"))
        self.machine.replace(pickle.REDUCE, 2, Item("other"))

    def some_call(self) -> tuple[Name, str | None]:
        """What to call, and the kinds of its arguments if they are known."""
        if self.chance.random() < 0.5:
            attribute, wanted = self.chance.choice(list(CALLS.items()))
            return Name(MODULES.get(attribute, "builtins"), attribute), wanted
        kind = self.chance.choice(("class", "called", "called"))
        return self.names.draw(self.chance, self.strange, kind), None

    def call_arguments(self, depth: int, wanted: str | None) -> None:
        """Push arguments: of these kinds, or any."""
        if wanted is None:
            self.values(depth, self.chance.randrange(4))
        for letter in wanted or "":
            self.argument(letter)

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
