"""What the unpickler keeps on its stack in the place of names and of incomplete objects."""

from collections.abc import Callable, Mapping
from typing import Any

from service.model.trust import UntrustedError


class Named:
    """The token of a listed name on the unpickler's stack. It is not an object of the library.

    `full_name` is the dotted name. Subclasses define what the unpickler may do with it.
    """

    is_value = False  # whether an object may hold it
    fills: tuple[type, ...] = ()  # the types of containers whose opcodes may fill its objects

    def __init__(self, full_name: str) -> None:
        self.full_name = full_name

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Execute REDUCE."""
        raise UntrustedError(f"a call of {self.full_name}")

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Execute NEWOBJ."""
        raise UntrustedError(f"a call of {self.full_name}.__new__")

    def build(self, made: Any, state: Any) -> None:
        """Set the state of an object that this token created."""
        raise UntrustedError(f"a state for what {self.full_name} made")


class Argument(Named):
    """A class that only rebuilding functions accept, and joblib's descriptions of arrays."""

    is_value = True


class Pending:
    """A placeholder for an object without its state; `finish` makes the object from the state."""

    def __init__(self, finish: Callable[[Any], Any]) -> None:
        self.finish = finish
        self.keys: list[int] = []  # where the unpickler's memo has it


class Rebuilder(Named):
    """A function of Slipway that rebuilds an object, instead of the one that the pickle names."""

    takes_state = False  # whether a pickle may set the state of the object
    waits = False  # whether the object is made from its state only

    def __init__(self, full_name: str, function: Callable[..., Any]) -> None:
        super().__init__(full_name)
        self.function = function

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Call the function with the arguments of the pickle."""
        return self.function(*arguments)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """The same: protocols differ in which of the two they use."""
        return self.call(arguments)


def refuse(what: str) -> UntrustedError:
    """The error for content that the library itself would not have written."""
    return UntrustedError(f"{what}, which its library would not have written")


def shown(value: Any) -> str:
    """A value for a message: its text, or the type of anything else. No method of it is called."""
    return repr(value[:60]) if type(value) is str else f"of {type(value).__qualname__}"


def one_of(value: Any, *full_names: str) -> str:
    """The full name of a `Named` argument, which must be one of these."""
    if isinstance(value, Named) and value.full_name in full_names:
        return value.full_name
    raise refuse(f"an argument that is not {full_names[0]}")
