"""Tests whether an import caused an audit event, and where its module comes from."""

import ast
import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Collection
from contextlib import suppress
from functools import cache, lru_cache
from types import CodeType, FrameType
from typing import Any

from service.model import companions

loading: Any = importlib._bootstrap  # the interpreter's own importer
files: Any = importlib._bootstrap_external
CALL: CodeType = loading._call_with_frames_removed.__code__
FROZEN: CodeType = loading.FrozenImporter.exec_module.__code__
RUN: CodeType = files._LoaderBasics.exec_module.__code__
EXTENSION = (
    files.ExtensionFileLoader.create_module.__code__,
    files.ExtensionFileLoader.exec_module.__code__,
)
COMPILE: CodeType = files.SourceLoader.source_to_code.__code__
UNMARSHAL: CodeType = files._compile_bytecode.__code__
LIST: CodeType = files.FileFinder._fill_cache.__code__
PARSE: CodeType = ast.parse.__code__


def code_folders(trusted: Collection[str] = ()) -> tuple[str, ...]:
    """Folders and files to import from: the installation, Slipway, and packages of `trusted`."""
    places: set[str] = set()
    for name in {one.partition(".")[0] for one in trusted}:
        with suppress(ValueError, ImportError):  # not an importable module, such as __main__
            found = importlib.util.find_spec(name)
            if found is not None:
                one_file = filter(None, [found.origin, found.cached])
                places.update(found.submodule_search_locations or one_file)
    return (*_installed(), *map(os.path.realpath, places))


@cache
def companion_folders() -> tuple[str, ...]:
    """The folders of XGBoost, LightGBM and CatBoost."""
    return tuple(
        os.path.join(installed, name) for installed in _installed() for name in companions.PACKAGES
    )


@cache
def _installed() -> tuple[str, ...]:
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return tuple(sorted({*libraries(), os.path.realpath(own)}))


@cache
def libraries() -> tuple[str, ...]:
    """The folders of Python and its installed packages."""
    places = {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        *([site.getusersitepackages()] if site.ENABLE_USER_SITE else []),
        *filter(None, [sys.pycache_prefix]),
    }
    return tuple(sorted(map(os.path.realpath, places)))


def in_import(frame: FrameType | None, code: Collection[str]) -> bool:
    """Whether this frame runs within the body of a module from one of these folders."""
    while frame is not None:
        caller = frame.f_back
        if frame.f_code is CALL and caller is not None and caller.f_code in EXTENSION:
            return True
        if (
            frame.f_code.co_name == "<module>"
            and executes_module(caller)
            and is_below(frame.f_code.co_filename, code)
        ):
            return True
        frame = caller
    return False


def executes_module(frame: FrameType | None) -> bool:
    """Whether this is the importer's frame that executes the body of a module."""
    if frame is None:
        return False
    if frame.f_code is FROZEN:
        return True
    return frame.f_code is CALL and frame.f_back is not None and frame.f_back.f_code is RUN


def is_below(path: Any, folders: Collection[str]) -> bool:
    """Whether a path is one of these folders or below one, after resolving symbolic links."""
    if type(path) is not str:
        return False
    folder, name = os.path.split(os.path.abspath(path))
    real = os.path.join(_real(folder), name)
    if os.path.islink(real):
        real = os.path.realpath(real)
    return any(real == one or real.startswith(one + os.sep) for one in folders)


_real = lru_cache(maxsize=1024)(os.path.realpath)
