"""The loader under test, named in one place."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

NEW, OLD = "service.model.unpickling", "service.model.trust"


@dataclass(frozen=True)
class Loader:
    """What is called: `load`, and `refuses`, which asks `inspect` whether it names a refusal."""

    name: str
    load: Callable[[bytes, Collection[str]], Any]
    untrusted: type[Exception]
    refuses: Callable[[bytes, Collection[str]], bool] | None = (
        None  # not every loader has an `inspect`
    )

    @property
    def modules(self) -> list[str]:
        """The modules whose lines are counted and whose objects are watched."""
        package = self.name.rpartition(".")[0]
        own = [name for name in sys.modules if name.startswith("service.model.")]
        return sorted({self.name, *(own if package == "service.model" else ())})


def default() -> str:
    """The module of the loader that the service uses."""
    return NEW if importlib.util.find_spec(NEW) else OLD


def loader(name: str) -> Loader:
    """The loader in a module."""
    module = importlib.import_module(name)
    inspect = getattr(module, "inspect", None)
    refuses = inspect and (lambda content, trusted: bool(inspect(content, trusted).untrusted))
    return Loader(name, module.load, module.UntrustedError, refuses)
