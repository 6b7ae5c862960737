"""The audit events that are allowed while a model is loaded and tried; all others are refused.

The events were recorded for every estimator of scikit-learn and for the models of the tests, which
tests/test_audit.py loads. Libraries import further modules meanwhile, and the body of a module may
define dataclasses and named tuples, which execute source code.
"""

import os
import zoneinfo
from collections.abc import Callable, Collection
from types import CodeType, FrameType
from typing import Any

from service.model import audit_imports
from service.model.audit_imports import (
    CALL,
    COMPILE,
    FROZEN,
    LIST,
    PARSE,
    UNMARSHAL,
    executes_module,
    in_import,
    is_below,
)

# These events only read state of the process.
ALLOWED = frozenset(
    {
        *("builtins.id", "object.__getattr__", "sys._getframe", "sys._getframemodulename"),
        *("sys.unraisablehook", "array.__new__"),
    }
)
PROCESSORS = "/sys/fs/cgroup/cpu"  # scikit-learn reads its CPU limit there, at each call
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


Rule = Callable[[tuple[Any, ...], FrameType, Collection[str]], None]


class RefusedError(Exception):
    """An event is refused; the text completes "the model tried to"."""


def check(event: str, arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    """Raise RefusedError unless the event is allowed; `frame` is that of the code that caused it.

    `code` are the folders and files that modules may be imported from. No others may be read.
    """
    rule = RULES.get(event)
    if rule is not None:
        rule(arguments, frame, code)
    else:
        _only_in_import(event, frame, code)


def _only_in_import(event: str, frame: FrameType, code: Collection[str]) -> None:
    if event not in IN_IMPORT or not in_import(frame, code):
        raise RefusedError(
            WORDS.get(event.split(".")[0], "do something that has an effect") + f" ({event})"
        )


def _name(path: Any) -> str:
    return path[:200] if type(path) is str else f"a {type(path).__name__}"


def _open(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    path, mode, flags = arguments
    letters = mode if type(mode) is str else ""
    if type(flags) is not int or flags & WRITING or set(letters) & set("wax+"):
        raise RefusedError(f"open {_name(path)} for writing")
    if type(path) is str and path.startswith(PROCESSORS) and ".." not in path:
        return
    if type(path) is str and is_below(path, zoneinfo.TZPATH):  # time zones of the system
        return
    if not is_below(path, code) or (mode is None and not os.path.isabs(path)):
        raise RefusedError(f"open {_name(path)}, which is not part of the Python installation")


def _import(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    path = arguments[1]
    if path is not None and not is_below(path, code):
        raise RefusedError(f"import {_name(path)}, which is not an installed package")


def _exec(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    [executed] = arguments
    if executes_module(frame):
        path = executed.co_filename if type(executed) is CodeType else None
        if frame.f_code is FROZEN or is_below(path, code):
            return
        raise RefusedError(f"import {_name(path)}, which is not an installed package")
    if not in_import(frame, code):
        raise RefusedError("execute a text or code")


def _compile(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    path = arguments[1]
    if frame.f_code is PARSE:  # ast.parse makes a tree and executes nothing
        return
    if frame.f_code is CALL and frame.f_back is not None and frame.f_back.f_code is COMPILE:
        if is_below(path, code):
            return
        raise RefusedError(f"import {_name(path)}, which is not an installed package")
    if not in_import(frame, code):
        raise RefusedError("compile a text")


def _unmarshal(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    if frame.f_code is not UNMARSHAL:
        raise RefusedError("read code (marshal.loads)")


def _list(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    if frame.f_code is not LIST and not is_below(arguments[0], code):
        raise RefusedError(
            f"list {_name(arguments[0])}, which is not part of the Python installation"
        )


def _library(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    [path] = arguments
    if not in_import(frame, code) or not (path is None or is_below(path, code)):
        raise RefusedError("load a library (ctypes.dlopen)")


def _symbol(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    """Allow functions of a companion's library, and of any library while a module is imported."""
    path = getattr(arguments[0], "_name", None)
    if not is_below(path, audit_imports.companion_folders()) and not in_import(frame, code):
        raise RefusedError("call a library (ctypes.dlsym)")


def _environment(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
    """Allow imports of companions to change the environment: XGBoost adds folders to PATH."""
    if not in_import(frame, audit_imports.companion_folders()):
        raise RefusedError("change the environment (os.putenv)")


def _of_companion(event: str) -> Rule:
    """The rule of an event that a companion's code may cause: LightGBM sets the class of a copied
    model, and LightGBM and XGBoost pass buffers to their libraries."""

    def check(arguments: tuple[Any, ...], frame: FrameType, code: Collection[str]) -> None:
        callers = (frame, frame.f_back)  # a function of ctypes may be in between
        folders = audit_imports.companion_folders()
        if not any(one and is_below(one.f_code.co_filename, folders) for one in callers):
            _only_in_import(event, frame, code)

    return check


BY_COMPANIONS = (
    *("object.__setattr__", "ctypes.addressof", "ctypes.cdata", "ctypes.cdata/buffer"),
    *("ctypes.create_string_buffer", "ctypes.string_at"),
)
RULES: dict[str, Rule] = {
    "open": _open,
    "import": _import,
    "exec": _exec,
    "compile": _compile,
    "marshal.loads": _unmarshal,
    "os.listdir": _list,
    "os.scandir": _list,
    "ctypes.dlopen": _library,
    "ctypes.dlsym": _symbol,
    "os.putenv": _environment,
    **{event: _of_companion(event) for event in BY_COMPANIONS},
}
# Events that are also allowed in the body of an installed module.
IN_IMPORT = frozenset(
    {
        *("object.__setattr__", "object.__delattr__", "code.__new__", "function.__new__"),
        *("ctypes.dlsym/handle", "ctypes.addressof", "ctypes.cdata"),
    }
)
WORDS = {
    "subprocess": "start a process",
    "socket": "use the network",
    "_thread": "start a thread",
    "object": "change a class or a function",
    "ctypes": "call a library",
    "pickle": "read another pickle",
}
