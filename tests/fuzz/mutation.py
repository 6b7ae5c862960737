"""Valid files, changed: names, fields, opcodes and bytes."""

import pickle
import random
import zlib
from collections.abc import Callable

from tests.fuzz import literals
from tests.fuzz.inventory import Inventory
from tests.fuzz.machine import Machine, Part, assembled
from tests.fuzz.programs import Programs
from tests.fuzz.seeds import Seed
from tests.fuzz.spelling import respelled
from tests.fuzz.tokens import Token

FIELDS = {"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"}
LONE = tuple(
    bytes([code]) for code in b"0(1l]}t)Q.Ra2bsueod\x81\x85\x86\x87\x8f\x90\x91\x92\x93\x94\x97\x98"
)
RESPELLED = 0.4  # of the programs
Tokens = list[Token]


class Mutation:
    """Changes the opcodes of a seed a few times, then now and then its bytes."""

    def __init__(self, seeds: list[Seed], names: Inventory, chance: random.Random) -> None:
        self.seeds, self.names, self.chance = seeds, names, chance

    def program(self) -> bytes:
        """A changed file."""
        start = self.chance.choice(self.seeds)
        found = list(start.tokens)
        ways: tuple[Callable[[Tokens], Tokens], ...] = (
            self.rename, self.rename, self.refill, self.refill, self.refit, self.insert,
            self.insert,
            self.repeat, self.delete, self.swap, self.splice, self.lone,
        )  # fmt: skip
        for _ in range(self.chance.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            found = self.chance.choice(ways)(found) if found else found
        if self.chance.random() < RESPELLED:
            found = [respelled(token, self.chance) for token in found]
        parts = [Part(token.code, token.name == "raw") for token in found]
        content = assembled(parts, start.used.protocol, self.chance)
        if self.chance.random() < 0.15:
            content = self.bytewise(content)
        return zlib.compress(content) if self.chance.random() < 0.03 else content

    def place(self, found: Tokens) -> int:
        return self.chance.randrange(len(found))

    def fragment(self, pushes: Callable[[Programs], None]) -> Tokens:
        """Opcodes that push something."""
        programs = Programs(self.names, self.chance)
        programs.strange = self.chance.choice((0.0, 0.05, 0.5))
        programs.machine = Machine(4)
        pushes(programs)
        return [
            Token("raw" if part.raw else "", None, part.code) for part in programs.machine.parts
        ]

    def among(self, found: Tokens, *names: str) -> int | None:
        """The place of one of these opcodes."""
        places = [place for place, token in enumerate(found) if token.name in names]
        return self.chance.choice(places) if places else None

    def rename(self, found: Tokens) -> Tokens:
        """Put another name where one is imported."""
        place = self.among(found, "GLOBAL", "STACK_GLOBAL")
        if place is None:
            return self.insert(found)
        name = self.names.draw(self.chance, self.chance.choice((0.1, 0.9)))
        new = self.fragment(lambda programs: programs.exactly(name))
        if found[place].name == "STACK_GLOBAL":  # the two strings stay in the memo
            new = [Token("POP", None, pickle.POP)] * 2 + new
        return [*found[:place], *new, *found[place + 1 :]]

    def refill(self, found: Tokens) -> Tokens:
        """Put any value in the place of a plain one."""
        plain = [place for place, token in enumerate(found) if token.argument is not None]
        if not plain:
            return self.insert(found)
        place = self.chance.choice(plain)
        if isinstance(found[place].argument, str) and self.chance.random() < 0.5:
            new = self.fragment(lambda programs: programs.text())
        else:
            new = self.fragment(lambda programs: programs.value(2))
        return [*found[:place], *new, *found[place + 1 :]]

    def refit(self, found: Tokens) -> Tokens:
        """Put any value in the place of a field of joblib's wrapper of an array."""
        fields = [place for place, token in enumerate(found) if _is_field(token)]
        if not fields:
            return self.refill(found)
        place = self.chance.choice(fields) + 1
        if place < len(found) and found[place].name in ("MEMOIZE", "BINPUT", "PUT"):
            place += 1
        new = self.fragment(lambda programs: programs.value(2))
        if self.chance.random() < 0.5:  # keep what is there, and drop it
            new = [*new, Token("POP", None, pickle.POP)]
            return [*found[:place], *new, *found[place:]]
        return [*found[:place], *new, *found[place + 1 :]]

    def insert(self, found: Tokens) -> Tokens:
        """Add opcodes that push something, and often drop it again; or that change the top."""
        place = self.place(found)
        if self.chance.random() < 0.3:
            new = self.fragment(self.changed)[1:]
        else:
            new = self.fragment(lambda programs: programs.value(2))
            if self.chance.random() < 0.6:
                new = [*new, Token("POP", None, pickle.POP)]
        return [*found[:place], *new, *found[place:]]

    def changed(self, programs: Programs) -> None:
        """Something to begin with, which is left out, and what is done to it."""
        literals.integer(programs.machine, self.chance)
        programs.change(self.chance.choice(("made", "list", "dict", "set")))

    def repeat(self, found: Tokens) -> Tokens:
        place = self.place(found)
        return [*found[:place], *found[place : place + self.chance.randrange(1, 5)], *found[place:]]

    def delete(self, found: Tokens) -> Tokens:
        place = self.place(found)
        return [*found[:place], *found[place + self.chance.randrange(1, 3) :]]

    def swap(self, found: Tokens) -> Tokens:
        one, other = self.place(found), self.place(found)
        changed = list(found)
        changed[one], changed[other] = changed[other], changed[one]
        return changed

    def splice(self, found: Tokens) -> Tokens:
        """The beginning of this file and the end of another."""
        other = list(self.chance.choice(self.seeds).tokens)
        return [*found[: self.place(found)], *other[self.place(other) :]]

    def lone(self, found: Tokens) -> Tokens:
        """Add one opcode, whatever is on the stack."""
        place = self.place(found)
        return [*found[:place], Token("", None, self.chance.choice(LONE)), *found[place:]]

    def bytewise(self, content: bytes) -> bytes:
        """Change, insert or remove some bytes."""
        changed = bytearray(content)
        for _ in range(self.chance.randrange(1, 6)):
            place = self.chance.randrange(len(changed)) if changed else 0
            way = self.chance.randrange(4)
            if way == 0:
                changed[place : place + 1] = bytes([self.chance.randrange(256)])
            elif way == 1:
                changed[place:place] = self.chance.randbytes(self.chance.randrange(1, 4))
            elif way == 2:
                del changed[place : place + self.chance.randrange(1, 4)]
            elif self.chance.random() < 0.2:
                del changed[place:]
        return bytes(changed)


def _is_field(token: Token) -> bool:
    return isinstance(token.argument, str) and token.argument in FIELDS
