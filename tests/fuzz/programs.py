"""Valid programs for a pickle machine: every opcode, on what the stack holds at that point."""

import pickle
import random
from collections.abc import Callable

from tests.fuzz import literals
from tests.fuzz.arrays import Arrays
from tests.fuzz.changes import Changes
from tests.fuzz.instances import Instances
from tests.fuzz.inventory import DUNDERS, Inventory, Name
from tests.fuzz.machine import Item, Machine

DEEPEST = 4
LONGEST = 30
# How often a program does what a loader should refuse; the first let it run to its end.
STRANGE = (0.0, 0.0, 0.02, 0.05, 0.2, 0.5)
KEYS = ("coef_", "steps", "func", "n_features_in_", "_sklearn_version", "predict", "fit", "append")


class Programs(Arrays, Changes, Instances):
    """Writes programs: each method adds opcodes that leave one more item, or change the top."""

    def __init__(self, names: Inventory, chance: random.Random) -> None:
        self.names, self.chance = names, chance
        self.strange = chance.choice(STRANGE)
        self.machine = Machine(chance.choice((0, 1, 2, 3, 4, 4, 4, 5, 5)))

    def program(self) -> bytes:
        """A whole program."""
        for _ in range(self.chance.randrange(1, LONGEST)):
            self.step()
        return self.machine.finish(self.chance)

    def step(self) -> None:
        """Push something, or do something with what is on top."""
        top = self.machine.stack[-1].kind if self.machine.stack else "nothing"
        if top in ("nothing", "mark") or self.chance.random() < 0.4:
            self.value(0)
        else:
            self.change(top, 0)

    def value(self, depth: int) -> None:
        """Push one item."""
        makers: list[Callable[[int], None]] = [self.plain, self.text, self.name, self.recalled]
        if depth < DEEPEST:
            makers += [self.container, self.made, self.made, self.called, self.array, self.state]
            makers += [self.rare, self.rare]
        self.chance.choice(makers)(depth + 1)
        if self.chance.random() < 0.3:
            self.machine.remember(self.chance)

    def rare(self, depth: int) -> None:
        """Push something by an opcode that few seeds have, so that it runs as often as others."""
        way = self.chance.randrange(5)
        if way == 0:
            literals.long_octets(self.machine, self.chance)
        elif way == 1:
            self.machine.push(pickle.EMPTY_SET, Item("set"))
            self.add(depth)
        elif way == 2:
            self.machine.mark()
            self.keys(self.chance.randrange(3))
            self.machine.collapse(pickle.FROZENSET, Item("frozenset"))
        else:
            self.marked(depth, self.chance.random() < 0.5)

    def plain(self, depth: int) -> None:
        if self.is_strange():
            literals.outside(self.machine, self.chance)
        else:
            self.chance.choice(literals.PLAIN)(self.machine, self.chance)

    def text(self, depth: int = 0, value: str | None = None) -> None:
        literals.text(self.machine, self.chance, self.names, value)

    def integer(self, value: int | None = None) -> None:
        literals.integer(self.machine, self.chance, value)

    def recalled(self, depth: int) -> None:
        """Push an item of the memo, or the top again."""
        machine = self.machine
        if machine.memo and self.chance.random() < 0.8:
            machine.recall(self.chance)
        elif machine.stack and machine.stack[-1].kind != "mark":
            machine.push(pickle.DUP, machine.stack[-1])
        else:
            self.plain(depth)

    def name(self, depth: int = 0, kind: str | None = None) -> None:
        self.exactly(self.names.draw(self.chance, self.strange, kind))

    def exactly(self, name: Name) -> None:
        """Push the object of this name."""
        machine, item = self.machine, Item(name.kind, name)
        if self.chance.random() < 0.5 and name.module.isascii() and name.attribute.isascii():
            lines = f"{name.module}\n{name.attribute}\n".encode()
            machine.push(pickle.GLOBAL + lines, item)
        else:
            self.text(value=name.module)
            self.text(value=name.attribute)
            machine.replace(pickle.STACK_GLOBAL, 2, item)

    def arguments(self, depth: int, most: int = 3) -> None:
        """Push a tuple, by one of its five opcodes."""
        machine, size = self.machine, self.chance.randrange(most + 1)
        if size == 0:
            machine.push(pickle.EMPTY_TUPLE, Item("tuple"))
            return
        marked = self.chance.random() < 0.3
        if marked:
            machine.mark()
        for _ in range(size):
            self.value(depth + 1)
        if marked:
            machine.collapse(pickle.TUPLE, Item("tuple"))
        else:
            code = (pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)[size - 1]
            machine.replace(code, size, Item("tuple"))

    def container(self, depth: int) -> None:
        """Push a list, dictionary, set or tuple; it may be filled later."""
        machine, chance = self.machine, self.chance
        empty = {
            pickle.EMPTY_LIST: "list", pickle.EMPTY_DICT: "dict", pickle.EMPTY_SET: "set",
        }  # fmt: skip
        drawn = chance.randrange(6)
        if drawn == 0:
            self.arguments(depth)
        elif drawn in (1, 2, 3):
            code, kind = chance.choice(list(empty.items()))
            machine.push(code, Item(kind))
            for _ in range(chance.randrange(3)):
                self.change(kind, depth)
        else:
            machine.mark()
            code, kind = chance.choice(
                (
                    (pickle.LIST, "list"),
                    (pickle.DICT, "dict"),
                    *[(pickle.FROZENSET, "frozenset")] * 2,
                )
            )
            for _ in range(chance.randrange(3)):
                if kind != "list":
                    self.key()
                if kind != "frozenset":
                    self.value(depth)
            machine.collapse(code, Item(kind))

    def keys(self, count: int) -> None:
        for _ in range(count):
            self.key()

    def key(self) -> None:
        """Push what can be a key: mostly the name of an attribute."""
        if self.chance.random() < 0.2:
            self.integer()
        else:
            group = DUNDERS if self.is_strange() else KEYS
            self.text(value=self.chance.choice(group))

    def state(self, depth: int) -> None:
        """Push a state: a dictionary, or a pair with one for slots."""
        machine = self.machine
        machine.push(pickle.EMPTY_DICT, Item("dict"))
        for _ in range(self.chance.randrange(4)):
            self.change("dict", depth)
        if self.chance.random() < 0.15:
            machine.push(pickle.EMPTY_DICT, Item("dict"))
            self.change("dict", depth)
            machine.replace(pickle.TUPLE2, 2, Item("tuple"))

    def values(self, depth: int, count: int) -> None:
        for _ in range(count):
            self.value(depth)

    def is_strange(self) -> bool:
        """Whether to do what a loader should refuse."""
        return self.chance.random() < self.strange
