"""Load a model and try it, so that it cannot do harm meanwhile: the one way for every command.

From the first byte of the pickle to the last golden row nothing with an effect happens
(`audit.py`), and there are limits of time and memory (`limits.py`). Native code that never ends
cannot be interrupted, so the golden rows are replayed in a forked process first (`child.py`), or in
a thread (`stoppable.py`) if the engine can be stopped and has no loops.
"""

import os
import sys
from collections.abc import Callable, Collection
from typing import TypeVar

from service.model import stoppable
from service.model.artifact import ArtifactError, GoldenError
from service.model.audit import EffectError, import_trusted, no_effects
from service.model.child import ChildError, rehearse
from service.model.companions import NativeCodeError, without_native_code
from service.model.limits import LimitError, Limits, limited

Loaded = TypeVar("Loaded")
FAILURES = (EffectError, LimitError)  # their texts say all


class TrialError(ArtifactError):
    """The model reached a limit, or tried something with an effect; the text is one line."""


def load(
    make: Callable[[], Loaded],
    replay: Callable[[Loaded], object],
    *,
    trusted: Collection[str] = (),
    limits: Limits,
    native: bool = False,
    stop: Callable[[Loaded], object] | None = None,
) -> Loaded:
    """What `make` loads, after `replay` has tried it; TrialError, or what these raise.

    With `native`, native code that may take very long does the loading, so that a forked process
    does all of it first. `stop` ends a replay of what was loaded, from another thread. Modules that
    the operator trusts are imported before. Everything that the libraries do once and that has an
    effect must have happened, too: `engines.prepare`.
    """
    import_trusted(trusted)
    try:
        with limited(limits) as deadline:
            if native:
                _rehearsed(lambda: replay(make()), trusted, deadline, limits)
            made = _made(make, trusted, deadline, limits)
            if stop is not None:
                _stoppable(lambda: replay(made), lambda: stop(made), trusted, deadline, limits)
                return made
            if not native:
                _rehearsed(lambda: replay(made), trusted, deadline, limits)
            with no_effects(trusted):
                replay(made)
    except FAILURES as error:
        raise TrialError(str(error)) from error
    return made


def read(make: Callable[[], Loaded], *, trusted: Collection[str] = (), limits: Limits) -> Loaded:
    """What `make` loads, without a trial; TrialError, or what it raises."""
    import_trusted(trusted)
    try:
        with limited(limits) as deadline:
            return _made(make, trusted, deadline, limits)
    except FAILURES as error:
        raise TrialError(str(error)) from error


def _made(
    make: Callable[[], Loaded], trusted: Collection[str], deadline: float, limits: Limits
) -> Loaded:
    """What `make` loads: in a forked process first, if native code reads bytes of the file."""
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
                raise  # all others this process raises again, with all that they hold

    try:
        _rehearsed(work, trusted, deadline, limits, quiet=True)
    except GoldenError as error:  # it did not come to its end
        raise TrialError("native code that reads a part of it ends its process") from error
    with no_effects(trusted):
        return make()


def _rehearsed(
    replay: Callable[[], object],
    trusted: Collection[str],
    deadline: float,
    limits: Limits,
    quiet: bool = False,
) -> None:
    """Replay in a forked process; the errors are those of a replay in this one.

    With `quiet`, what native code prints before it ends the process is dropped.
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
        rehearse(work, deadline)
    except TimeoutError:
        raise limits.late() from None
    except ChildError as error:
        if error.kind == EffectError.__name__:
            raise EffectError(str(error)) from None
        if error.kind == MemoryError.__name__:
            raise limits.large() from None
        text = str(error) if error.kind == GoldenError.__name__ else f"{error.kind}: {error}"
        raise GoldenError(text.removeprefix(": ")) from None


def _stoppable(
    replay: Callable[[], object],
    stop: Callable[[], object],
    trusted: Collection[str],
    deadline: float,
    limits: Limits,
) -> None:
    """Replay in a thread."""

    def work() -> None:
        with no_effects(trusted):
            replay()

    try:
        stoppable.run(work, stop, deadline)
    except TimeoutError:
        raise limits.late() from None


def one_thread() -> None:
    """Have native libraries compute in one thread: a pool of threads does not survive a fork."""
    threadpoolctl = sys.modules.get("threadpoolctl")
    if threadpoolctl is not None:  # ONNX Runtime does without
        threadpoolctl.threadpool_limits(1)
