"""Load a model and replay its golden rows safely. Every command loads models by this module.

From the first byte of the pickle to the last golden row, side effects are refused (`audit.py`), and
time and memory are limited (`limits.py`). Endless native code cannot be interrupted, so the golden
rows are replayed in a forked process first (`child.py`), or in a thread (`stoppable.py`) if the
engine can be stopped and has no loops.
"""

import os
import sys
from collections.abc import Callable, Collection
from typing import TypeVar

from service.model import stoppable
from service.model.artifact import ArtifactError, GoldenError
from service.model.audit import EffectError, import_trusted, no_effects
from service.model.child import ChildError, run_forked
from service.model.companions import NativeCodeError, without_native_code
from service.model.limits import LimitError, Limits, limited

Loaded = TypeVar("Loaded")
FAILURES = (EffectError, LimitError)  # their texts are complete


class TrialError(ArtifactError):
    """The model reached a limit, or attempted a side effect; the text is one line."""


def load(
    make: Callable[[], Loaded],
    replay: Callable[[Loaded], object],
    *,
    trusted: Collection[str] = (),
    limits: Limits,
    native: bool = False,
    stop: Callable[[Loaded], object] | None = None,
) -> Loaded:
    """Load a model by `make`, try it by `replay`, and return it.

    TrialError, or whatever these two raise. With `native`, native code of unknown duration loads
    the model, so a forked process does all of it first. `stop`, called from another thread, ends a
    replay. Trusted modules are imported first. The caller must have called `engines.prepare`: what
    libraries do once may have side effects.
    """
    import_trusted(trusted)
    try:
        with limited(limits) as deadline:
            if native:
                _run_forked(lambda: replay(make()), trusted, deadline, limits)
            made = _make(make, trusted, deadline, limits)
            if stop is not None:
                _run_in_thread(lambda: replay(made), lambda: stop(made), trusted, deadline, limits)
                return made
            if not native:
                _run_forked(lambda: replay(made), trusted, deadline, limits)
            with no_effects(trusted):
                replay(made)
    except FAILURES as error:
        raise TrialError(str(error)) from error
    return made


def read(make: Callable[[], Loaded], *, trusted: Collection[str] = (), limits: Limits) -> Loaded:
    """Load by `make` without a replay; TrialError, or whatever it raises."""
    import_trusted(trusted)
    try:
        with limited(limits) as deadline:
            return _make(make, trusted, deadline, limits)
    except FAILURES as error:
        raise TrialError(str(error)) from error


def _make(
    make: Callable[[], Loaded], trusted: Collection[str], deadline: float, limits: Limits
) -> Loaded:
    """Call `make`; in a forked process first, if native code reads bytes of the file."""
    with no_effects(trusted):
        try:
            with without_native_code():
                return make()
        except NativeCodeError:
            pass

    def work() -> None:
        try:
            make()
        except FAILURES:
            raise
        except Exception as error:
            if isinstance(error, MemoryError):
                raise  # this process will raise any other error itself, with its cause

    try:
        _run_forked(work, trusted, deadline, limits, quiet=True)
    except GoldenError as error:  # the child ended early
        raise TrialError("native code that reads a part of it ends its process") from error
    with no_effects(trusted):
        return make()


def _run_forked(
    replay: Callable[[], object],
    trusted: Collection[str],
    deadline: float,
    limits: Limits,
    quiet: bool = False,
) -> None:
    """Replay in a forked process; raise the errors that a replay in this process would raise.

    With `quiet`, the child's output is dropped: native code may print before it ends the process.
    """

    def work() -> None:
        one_thread()
        if quiet:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
        with no_effects(trusted):
            replay()

    try:
        run_forked(work, deadline)
    except TimeoutError:
        raise limits.late() from None
    except ChildError as error:
        if error.kind == EffectError.__name__:
            raise EffectError(str(error)) from None
        if error.kind == MemoryError.__name__:
            raise limits.large() from None
        text = str(error) if error.kind == GoldenError.__name__ else f"{error.kind}: {error}"
        raise GoldenError(text.removeprefix(": ")) from None


def _run_in_thread(
    replay: Callable[[], object],
    stop: Callable[[], object],
    trusted: Collection[str],
    deadline: float,
    limits: Limits,
) -> None:
    """Replay in a thread, and stop it at the deadline."""

    def work() -> None:
        with no_effects(trusted):
            replay()

    try:
        stoppable.run(work, stop, deadline)
    except TimeoutError:
        raise limits.late() from None


def one_thread() -> None:
    """Limit native libraries to one thread: a pool of threads does not survive a fork."""
    threadpoolctl = sys.modules.get("threadpoolctl")
    if threadpoolctl is not None:  # it is not imported with ONNX Runtime
        threadpoolctl.threadpool_limits(1)
