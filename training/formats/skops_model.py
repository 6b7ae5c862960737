"""Converts a file of skops to a pickle, by skops itself, in a separate environment.

skops lists the types in a file without creating an object. They are checked by the rules for
pickles. When the pickle is loaded, it is checked again.
"""

import io
import json
import subprocess
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from service.model.pickled_names import Inspecting, Inspection, lookup
from service.model.pickled_objects import VERSION
from service.model.trust import UntrustedError
from training.errors import PackError
from training.formats import skops_program as program
from training.older.environment import Environment

SCHEMA = "schema.json"
MAX_SCHEMA_BYTES = 2**28
ZIP = b"PK\x03\x04"
TIMEOUT_SECONDS = 300.0


def is_skops(content: bytes) -> bool:
    """Whether this is a file of skops."""
    if not content.startswith(ZIP):
        return False
    try:
        return SCHEMA in zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def releases(content: bytes) -> set[str]:
    """The releases of scikit-learn that saved its estimators; ValueError if it is damaged."""
    try:
        nodes = [one[VERSION] for one in _nodes(_schema(content)) if VERSION in one]
        found = {str(json.loads(one["content"])) for one in nodes}
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"is a file of skops that is damaged ({type(error).__name__})") from error
    if not found:
        raise ValueError("is a file of skops without an estimator of scikit-learn")
    return found


def inspect(content: bytes, trusted: Collection[str]) -> Inspection:
    """The names of all types in it, resolved like those of a pickle; ValueError as `releases`."""
    nodes = [one for one in _nodes(_schema(content)) if "__class__" in one and "__module__" in one]
    return _resolved({f"{one['__module__']}.{one['__class__']}" for one in nodes}, trusted).found


def untrusted(there: Environment, content: bytes, trusted: Collection[str]) -> Inspecting:
    """The names of the types that skops does not trust, resolved like those of a pickle."""
    return _resolved(_call_skops(there, content, None, ()), trusted)


def _resolved(types: Collection[str], trusted: Collection[str]) -> Inspecting:
    names = Inspecting(trusted)
    for one in types:
        module, _, name = one.rpartition(".")
        names.names.add(one)
        try:
            lookup(module, name, names)
        except UntrustedError as error:
            names.found.untrusted.append(error)
    return names


def pickled(there: Environment, content: bytes, trusted: Collection[str]) -> bytes:
    """The model as joblib saves it; `trusted` are the types that skops itself does not trust."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.joblib"
        _call_skops(there, content, out, trusted)
        return out.read_bytes()


def _schema(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)).open(SCHEMA) as file:
        return json.loads(file.read(MAX_SCHEMA_BYTES))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _call_skops(
    there: Environment, content: bytes, out: Path | None, trusted: Collection[str]
) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.skops"
        path.write_bytes(content)
        question: dict[str, Any] = {"path": str(path)}
        if out is not None:
            question |= {"out": str(out), "trusted": sorted(trusted)}
        try:
            ended = subprocess.run(  # noqa: S603
                [str(there.python), "-I", str(program.__file__)],
                input=json.dumps(question),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise PackError("takes too long for skops to read") from error
    if ended.returncode:
        reason = (ended.stderr.strip().splitlines() or ["no reason"])[-1][:200]
        raise PackError(f"cannot be read by skops ({reason})")
    types: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return types
