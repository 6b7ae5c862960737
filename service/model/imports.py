"""List what a pickle would import, by unpickling it into stand-ins: nothing of it is run.

Reading opcodes alone does not do, because joblib puts the bytes of arrays between them.
"""

import io
from functools import cache
from typing import Any

# These are inert, and joblib needs them to know how many bytes an array has.
REAL = {("joblib.numpy_pickle", "NumpyArrayWrapper"), ("numpy", "ndarray"), ("numpy", "dtype")}


class StandIn:
    """Takes whatever a pickle does to an object, and does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> "StandIn":
        """Take any arguments."""
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Take any arguments."""

    def __call__(self, *_: Any, **__: Any) -> "StandIn":
        """Be called as a class or a function would be."""
        return StandIn()

    def __setstate__(self, state: Any) -> None:
        """Take any state."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Take any item."""

    def __hash__(self) -> int:
        """Be a key, too."""
        return id(self)

    def __eq__(self, other: object) -> bool:
        """Be like nothing else."""
        return self is other

    def append(self, item: Any) -> None:
        """Take any element."""

    def extend(self, items: Any) -> None:
        """Take any elements."""

    def add(self, item: Any) -> None:
        """Take any element."""


def imports(content: bytes) -> list[tuple[str, str]]:
    """What unpickling would import, as (module, name); whatever joblib raises for what is none."""
    recorder = _recorder()(io.BytesIO(content))
    recorder.load()
    return sorted(recorder.found)


@cache
def _recorder() -> Any:
    from joblib.numpy_pickle import NumpyUnpickler  # heavy: only where a pickle is read

    class Recorder(NumpyUnpickler):  # type: ignore[misc]  # joblib has no type hints
        """joblib's own unpickler, which imports only what is inert."""

        def __init__(self, file: io.BytesIO) -> None:
            super().__init__("", file, ensure_native_byte_order=False)
            self.found: set[tuple[str, str]] = set()

        def find_class(self, module: str, name: str) -> Any:
            self.found.add((module, name))
            if (module, name) in REAL:
                return super().find_class(module, name)
            return type(name, (StandIn,), {})

    return Recorder
