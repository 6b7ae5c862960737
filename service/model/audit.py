"""Refuse what has an effect while a model is loaded and tried: an audit hook (PEP 578).

The interpreter reports what a program does as events: a file is opened, a process is started, a
text is executed. Inside `no_effects` a few events are allowed or checked, and every other event is
refused. The hook is a second line behind the unpickler, not a sandbox: Python code that runs in the
same process could undo it, and native code reports nothing.
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
    """A model tried something with an effect; the text says what, in one line."""


class Guard:
    """What one active block refuses, and the first thing that it refused."""

    when = "while it was loaded or tried"

    def __init__(self, code: tuple[str, ...], before: Container[int]) -> None:
        self.code = code
        self.before = before  # threads that are not the model's
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
        """The error, which is kept: the model's own code may catch it."""
        error = EffectError(f"the model tried to {what} {self.when}")
        self.first = self.first or error
        return error


def threads() -> frozenset[int]:
    """Identifiers of the threads that run Python."""
    return frozenset(sys._current_frames())


def _installed() -> dict[int, Guard]:
    """Install the hook, once; active guards by thread. There is no way to remove a hook."""
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
        for guard in list(active.values()):  # a thread that was started inside of a block
            if get_ident() not in guard.before and event not in audit_rules.ALLOWED:
                guard.check(event, arguments, frame_of(1))

    sys.addaudithook(hook)
    return active


_active: dict[int, Guard] | None = None


@contextmanager
def no_effects(trusted: Collection[str] = ()) -> Iterator[None]:
    """Refuse effects of this thread, and of threads that begin meanwhile, until the block ends.

    EffectError is raised where the effect would have been, and again at the end of the block if the
    model's own code has caught it. Code may come from the Python installation, from Slipway, and
    from the packages of `trusted`, wherever these are. Bytecode is not written.
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


class _Every(Container[int]):
    """All threads."""

    def __contains__(self, thread: object) -> bool:
        return True


class _Asked(Guard):
    """The guard of predictions: one for all, which keeps nothing of them."""

    when = "for a request"

    def __init__(self) -> None:
        super().__init__(audit_imports.code_folders(), _Every())

    def refused(self, what: str) -> EffectError:
        """The error."""
        return EffectError(f"the model tried to {what} {self.when}")


_asked = cache(_Asked)


def call(function: Callable[..., Result], *arguments: Any) -> Result:
    """What a function returns that predicts for a request: its effects are refused meanwhile.

    Threads that others start meanwhile are none of the model's.
    """
    global _active
    if _active is None:
        _active = _installed()
    me = get_ident()
    if me in _active:
        return function(*arguments)
    _active[me] = _asked()
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return function(*arguments)
    finally:
        del _active[me]
        sys.dont_write_bytecode = writes_bytecode


def import_trusted(trusted: Collection[str]) -> None:
    """Import what the operator trusts before the guard begins, for its code may do anything."""
    for name in trusted:
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            try:
                import_module(".".join(parts[:end]))
            except ImportError:
                continue
            break
