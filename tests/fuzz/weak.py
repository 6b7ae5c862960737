"""A loader without any check: the fuzzer must find that it has effects."""

import pickle
from collections.abc import Collection
from typing import Any


class UntrustedError(Exception):
    """What a loader raises for what it refuses; this one refuses nothing."""


def load(content: bytes, trusted: Collection[str] = ()) -> Any:
    """Unpickle anything."""
    return pickle.loads(content)  # noqa: S301
