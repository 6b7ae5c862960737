"""The audit hook: while a program is loaded it records every effect, and blocks it.

Everything that Python reports to audit hooks is an effect, except for a short list. The imports of
the libraries' own modules are allowed, with what Python does to import them. Some functions report
nothing: they are replaced by ones that do.
"""

import _thread
import ast
import faulthandler
import os
import posix
import signal
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from types import FrameType
from typing import Any

CALLERS = 4
HARMLESS = {
    "pickle.find_class", "builtins.id", "sys._getframe", "sys._current_frames", "array.__new__",
    "object.__getattr__",
    "sys.unraisablehook",
}  # fmt: skip
PART_OF_AN_IMPORT = {
    "open", "compile", "exec", "marshal.load", "marshal.loads", "code.__new__", "function.__new__",
    "os.listdir", "os.scandir", "object.__setattr__", "object.__delattr__", "ctypes.dlopen",
    "ctypes.dlsym", "ctypes.dlsym/handle", "ctypes.cdata/buffer",
}  # fmt: skip
UNREPORTED: dict[Any, str] = {
    posix: "_exit abort close closerange copy_file_range dup dup2 eventfd fchdir fdatasync fsync "
    "initgroups lockf memfd_create mkfifo mknod nice openpty pipe pipe2 posix_fallocate pread "
    "preadv pwrite pwritev read readv register_at_fork sched_setaffinity sched_setparam "
    "sched_setscheduler sendfile set_blocking set_inheritable setegid seteuid setgid setgroups "
    "setpgid setpriority setregid setresgid setresuid setreuid setsid setuid splice sync tcsetpgrp "
    "umask wait wait3 wait4 waitid waitpid write writev unshare setns pidfd_open",
    signal: "alarm pause pthread_sigmask raise_signal set_wakeup_fd setitimer siginterrupt signal "
    "sigtimedwait sigwait sigwaitinfo",
    faulthandler: "_fatal_error _fatal_error_c_thread _read_null _sigabrt _sigfpe _sigsegv "
    "_stack_overflow cancel_dump_traceback_later disable dump_traceback dump_traceback_later "
    "enable register unregister",
    _thread: "interrupt_main start_new_thread start_new",
    sys: "setrecursionlimit setswitchinterval setdlopenflags",
}
# The guard sees threads when a trial ends; before Python 3.12 there is no event.
REFUSED_LATER = {"_thread.start_new_thread", "_thread.start_new"}
PARSE = ast.parse.__code__
LIBRARIES = {"numpy", "scipy", "pandas", "sklearn", "joblib"}
PLACES = ("stdlib", "purelib", "platlib")
ROOTS = tuple({os.path.realpath(sysconfig.get_path(place)) for place in PLACES})


class BlockedError(Exception):
    """The hook stops what a program does here."""


class Effects:
    """Records what happens between the beginning and the end of an execution."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.names: list[tuple[str, str]] = []
        self.active = False
        self.inside = False
        self.tried = False  # whether the service's guard watches, too
        self.installed = set(packages_distributions()) | sys.stdlib_module_names

    def install(self) -> None:
        """Begin to listen, for as long as the process lives."""
        for module, names in UNREPORTED.items():
            for name in names.split():
                if hasattr(module, name):
                    self.replace(module, name)
        sys.addaudithook(self.hook)

    def replace(self, module: Any, name: str) -> None:
        """Let a function report that it is called; all that name it get the new one."""
        function = getattr(module, name)

        def reported(*args: Any, **kwargs: Any) -> Any:
            if self.active:
                self.record(f"{module.__name__}.{name}")
            return function(*args, **kwargs)

        setattr(module, name, reported)
        if module is posix and getattr(os, name, None) is function:
            setattr(os, name, reported)

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Record and block; the list is filled as it happens."""
        self.found, self.names = [], []
        self.tried, self.active = False, True
        try:
            yield self.found
        finally:
            self.active = False

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """What Python calls for each event."""
        if not self.active or self.inside:
            return
        if event in HARMLESS:
            if event == "pickle.find_class":
                self.names.append(args[:2])
            return
        self.inside = True
        try:
            described = self.effect(event, args)
        finally:
            self.inside = False
        if described is not None:
            self.record(described)

    def record(self, described: str) -> None:
        if not (self.tried and described in REFUSED_LATER):
            self.found.append(f"{described} in {_callers()}")
        raise BlockedError(described)

    def effect(self, event: str, args: tuple[Any, ...]) -> str | None:
        """What to say of an event; None if it is allowed."""
        if event == "import":
            return self.importing(str(args[0]))
        if event == "compile" and any(frame.f_code is PARSE for frame in _frames()):
            return None  # to a tree, which is not executed
        if event in PART_OF_AN_IMPORT and _is_importing() and self.reads(event, args):
            return None
        return f"{event} {shown(args)}"

    def importing(self, module: str) -> str | None:
        """Libraries may import what they like of what is installed; a program only of theirs."""
        package = module.split(".")[0]
        if package not in self.installed:
            return f"import of {package}, which is not installed"
        if package in LIBRARIES or _is_importing(twice=True) or _is_of_a_library():
            return None
        return f"import of {module}"

    def reads(self, event: str, args: tuple[Any, ...]) -> bool:
        """Whether an opened file is one of Python's, and is opened for reading."""
        if event != "open":
            return True
        path, mode, flags = args
        writes = (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        return (
            isinstance(path, str)
            and not (mode and set(mode) & set("wax+"))
            and not writes
            and os.path.realpath(path).startswith(ROOTS)
        )


def shown(args: tuple[Any, ...]) -> str:
    """The types of an event's arguments, and the short texts among them."""
    return " ".join(
        repr(value) if isinstance(value, str) and len(value) < 60 else type(value).__name__
        for value in args[:3]
    )


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _callers() -> str:
    """The innermost functions, without those of this module and of the import system."""
    codes = (frame.f_code for frame in _frames())
    others = [code for code in codes if not code.co_filename.startswith(("<frozen", __file__))]
    return " < ".join(code.co_name for code in others[:CALLERS])


def _is_importing(twice: bool = False) -> bool:
    """Whether a module's own code runs, or is looked for, because it is imported."""
    code = "exec_module" if twice else "_find_and_load"
    return any(
        frame.f_code.co_filename.startswith("<frozen importlib") and frame.f_code.co_name == code
        for frame in _frames()
    )


def _is_of_a_library() -> bool:
    """Whether the code that imports is a library's, not the unpickler's."""
    skipped = ("<frozen", __file__)
    callers = (frame.f_code.co_filename for frame in _frames())
    place = next((path for path in callers if not path.startswith(skipped)), "")
    parts = place.split(os.sep)
    return "site-packages" in parts and "joblib" not in parts and "numpy_pickle.py" not in parts
