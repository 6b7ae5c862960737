"""Classes and functions of an operator's own, which have no effect: some programs may use them.

It imports nothing, so that every name of it is one that it defines.
"""


class Kept:
    """Keeps whatever it is given, and answers with it."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments

    def predict(self, rows: object) -> object:
        """Answer what a file has given."""
        return self.arguments


class Slotted:
    """Has its values in slots."""

    __slots__ = ("coef_", "steps")


class Restored:
    """Takes its state itself."""

    def __setstate__(self, state: object) -> None:
        self.state = state


class Values(list):  # type: ignore[type-arg]
    """A list of one's own."""


class Items(dict):  # type: ignore[type-arg]
    """A dictionary of one's own."""


class Group(set):  # type: ignore[type-arg]
    """A set of one's own."""


class Filled:
    """Looks like all the containers that a pickle fills."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def append(self, value: object) -> None:
        """As of a list."""
        self.values.append(value)

    def extend(self, values: list[object]) -> None:
        """As of a list."""
        self.values.extend(values)

    def add(self, value: object) -> None:
        """As of a set."""
        self.values.append(value)

    def __setitem__(self, key: object, value: object) -> None:
        self.values.append((key, value))


def same(rows: object) -> object:
    """Give back what it gets."""
    return rows
