"""Refuse side effects while a model is loaded, tried, or predicts: an audit hook (PEP 578).

The interpreter raises an audit event when a program opens a file, starts a process, executes source
code, and so on. Inside `no_effects` some events are allowed or checked, and every other event is
refused. The hook is a second line of defence behind the unpickler, not a sandbox: Python code in
the same process could disable it, and native code raises no events.
"""

import sys
from collections.abc import Callable, Collection, Container, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from threading import get_ident
from types import FrameType
from typing import Any, TypeVar

from service.model import audit_imports, audit_rules
from service.model.audit_rules import RefusedError

Result = TypeVar("Result")
REPORTS_NO_THREADS = sys.version_info < (3, 12)


class EffectError(Exception):
    """A model attempted a side effect; the text describes it in one line."""


class Guard:
    """The guard of one active block: checks events, and keeps the first error."""

    when = "while it was loaded or tried"

    def __init__(self, code: tuple[str, ...], before: Container[int]) -> None:
        self.code = code
        self.before = before  # threads that existed before, so the model did not start them
        self.first: EffectError | None = None
        self.checking: set[int] = set()  # threads whose event is being checked

    def check(self, event: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
        """Raise EffectError if this event is refused."""
        thread = get_ident()
        if thread in self.checking:
            return
        self.checking.add(thread)
        try:
            audit_rules.check(event, arguments, frame, self.code)
        except RefusedError as refused:
            raise self.refused(str(refused)) from None
        finally:
            self.checking.discard(thread)

    def refused(self, what: str) -> EffectError:
        """The error. It is kept, because the model's code may catch it."""
        error = EffectError(f"the model tried to {what} {self.when}")
        self.first = self.first or error
        return error


def threads() -> frozenset[int]:
    """Identifiers of the threads that run Python."""
    return frozenset(sys._current_frames())


def _installed() -> dict[int, Guard]:
    """Install the hook and return the active guards by thread. A hook cannot be removed."""
    active: dict[int, Guard] = {}
    frame_of: Callable[[int], FrameType] = sys._getframe

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not active:
            return
        guard = active.get(get_ident())
        if guard is not None:
            if event not in audit_rules.ALLOWED:
                guard.check(event, arguments, frame_of(1))
            return
        for guard in list(active.values()):  # this thread may have been started inside of a block
            if get_ident() not in guard.before and event not in audit_rules.ALLOWED:
                guard.check(event, arguments, frame_of(1))

    sys.addaudithook(hook)
    return active


_active: dict[int, Guard] | None = None


@contextmanager
def no_effects(trusted: Collection[str] = ()) -> Iterator[None]:
    """Refuse side effects of this thread, and of threads started meanwhile, within the block.

    EffectError is raised in place of the side effect, and again at the end of the block if the
    model's code caught it. Modules may be imported from the Python installation, from Slipway, and
    from the packages of `trusted`. Bytecode is not written.
    """
    global _active
    if _active is None:
        _active = _installed()
    me = get_ident()
    outer = _active.get(me)
    code = audit_imports.code_folders(trusted)
    before = threads() if outer is None else frozenset[int]()
    guard = Guard(code, before) if outer is None else Guard((*outer.code, *code), outer.before)
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _active[me] = guard
    try:
        yield
    finally:
        if outer is None:
            del _active[me]
        else:
            _active[me] = outer
        sys.dont_write_bytecode = writes_bytecode
        if outer is None and REPORTS_NO_THREADS and threads() - before:
            guard.refused("start a thread")
        if guard.first is not None:
            if outer is not None:
                outer.first = outer.first or guard.first
            raise guard.first


class _AllThreads(Container[int]):
    """Contains the identifier of every thread."""

    def __contains__(self, thread: object) -> bool:
        return True


class _PredictionGuard(Guard):
    """The guard of all predictions. It keeps no state of a single prediction."""

    when = "for a request"

    def __init__(self) -> None:
        super().__init__(audit_imports.code_folders(), _AllThreads())

    def refused(self, what: str) -> EffectError:
        """The error, which is not kept."""
        return EffectError(f"the model tried to {what} {self.when}")


_prediction_guard = cache(_PredictionGuard)


def call(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function that predicts for a request, and refuse its side effects.

    Threads that start meanwhile are not checked: they belong to the server.
    """
    global _active
    if _active is None:
        _active = _installed()
    me = get_ident()
    if me in _active:
        return function(*arguments)
    _active[me] = _prediction_guard()
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return function(*arguments)
    finally:
        del _active[me]
        sys.dont_write_bytecode = writes_bytecode


def import_trusted(trusted: Collection[str]) -> None:
    """Import what the operator trusts, outside of a guard: trusted code may have side effects."""
    for name in trusted:
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            try:
                import_module(".".join(parts[:end]))
            except ImportError:
                continue
            break
