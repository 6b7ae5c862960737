"""Counts of the opcodes that the loader ran, and of its lines, to see what the programs reach."""

import inspect
import mmap
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

CODES = 256


class Shared:
    """Numbers that the worker writes and the campaign reads, also after the worker crashed."""

    def __init__(self) -> None:
        self.counting = True
        self.numbers = memoryview(mmap.mmap(-1, 8 * (2 * CODES + 2))).cast("Q")

    @property
    def place(self) -> int:
        """The number of the execution that runs."""
        return self.numbers[-1]

    @place.setter
    def place(self, place: int) -> None:
        self.numbers[-1] = place

    def counts(self, code: int) -> tuple[int, int]:
        """How often the loader began with an opcode, and how often it came to its end."""
        return self.numbers[code], self.numbers[CODES + code]

    def count_opcodes(self) -> None:
        """Count in every unpickler that is written in Python, from now on."""
        for kind in unpicklers(vars(pickle)["_Unpickler"]):
            table = vars(kind).get("dispatch", {})
            for code, handler in list(table.items()):
                if not hasattr(handler, "counted"):
                    table[code] = self.counted(code, handler)

    def counted(self, code: int, handler: Callable[[Any], None]) -> Callable[[Any], None]:
        """A handler of an opcode that counts."""
        numbers = self.numbers

        def run(unpickler: Any) -> None:
            if not self.counting:
                return handler(unpickler)
            numbers[code] += 1
            try:
                handler(unpickler)
            except BaseException as error:
                if code == pickle.STOP[0] and type(error).__name__ == "_Stop":
                    numbers[CODES + code] += 1
                raise
            numbers[CODES + code] += 1
            return None

        run.counted = True  # type: ignore[attr-defined]
        return run


def unpicklers(kind: type[Any]) -> Iterator[type[Any]]:
    """A class and all classes made of it."""
    yield kind
    for derived in kind.__subclasses__():
        yield from unpicklers(derived)


class Lines:
    """The lines of some modules that ran, while they were looked at."""

    def __init__(self, modules: Iterable[str]) -> None:
        paths = {str(sys.modules[name].__file__) for name in modules if name in sys.modules}
        self.files = {path: Path(path).name for path in paths}
        self.seen: set[tuple[str, int]] = set()

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Look at the lines that run."""
        sys.settrace(self.enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Called for each function: only those of the loader are followed."""
        return self.step if frame.f_code.co_filename in self.files else None

    def step(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Called for each line."""
        if event == "line":
            self.seen.add((self.files[frame.f_code.co_filename], frame.f_lineno))
        return self.step


def lines_of(path: Path) -> set[int]:
    """The lines inside functions of a file: those that can run when the loader is called."""
    todo = list(compile(path.read_text(), str(path), "exec").co_consts)
    found: set[int] = set()
    while todo:
        code = todo.pop()
        if isinstance(code, CodeType):
            if code.co_flags & inspect.CO_OPTIMIZED:  # a function, no class
                lines = {line for _, _, line in code.co_lines() if line is not None}
                found |= lines - {code.co_firstlineno}
            todo += code.co_consts
    return found
