"""Counts values that the encoders of a model do not know, such as a post code that lost its zero.

Encoders that ignore unknown values predict for them all the same, so nothing else would show them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from service.model.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Unknown:
    """How many `rows` have a value that no encoder knows, and one such value.

    `code` is a known code that is the value without its leading zeros, or None.
    """

    rows: int
    value: Any
    code: str | None = None

    def joined(self, other: "Unknown") -> "Unknown":
        """Both, with the value that is a code without its zeros, if there is one."""
        shown = other if other.code and not self.code else self
        return Unknown(self.rows + other.rows, shown.value, shown.code)


class KnownCategories:
    """The known categories of each input that accepts any value; other inputs are not looked at."""

    def __init__(self, manifest: Manifest) -> None:
        self._of = {name: frozenset(values) for name, values in manifest.known.items()}
        self._codes = {name: _codes(values) for name, values in self._of.items()}

    def rows(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, int]:
        """The number of rows with an unknown value, by input; inputs without any are left out."""
        return {name: found.rows for name, found in self.unknown(columns).items()}

    def unknown(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, Unknown]:
        """The unknown values of checked columns, by input; inputs without any are left out."""
        found = {}
        for name, known in self._of.items():
            values = columns[name].tolist()
            others = _present(set(values) - known)
            if others:
                rows = sum(value in others for value in values)
                found[name] = self._described(name, rows, sorted(others, key=str))
        return found

    def _described(self, name: str, rows: int, others: Sequence[Any]) -> Unknown:
        codes = self._codes[name]
        lost = next((value for value in others if value in codes), None)
        return Unknown(rows, others[0] if lost is None else lost, codes.get(lost))


def together(one: Mapping[str, Unknown], other: Mapping[str, Unknown]) -> dict[str, Unknown]:
    """The unknown values of two sets of rows, by input."""
    found = {**one}
    for name, unknown in other.items():
        found[name] = found[name].joined(unknown) if name in found else unknown
    return found


def _present(values: Iterable[Any]) -> set[Any]:
    """The values without null and NaN."""
    return {value for value in values if value is not None and value == value}


def _codes(known: Iterable[Any]) -> dict[Any, str]:
    """By what is left of them without zeros at the start: codes of digits, all equally long."""
    texts = [value for value in known if isinstance(value, str) and value.isdigit()]
    if len(texts) < len(frozenset(known)) or len(set(map(len, texts))) > 1:
        return {}
    return {text.lstrip("0"): text for text in texts if text.startswith("0") and text.strip("0")}
