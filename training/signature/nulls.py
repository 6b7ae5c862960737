"""Finds the columns that accept null, and the type that each has with a null in it.

This type must not change predictions. The plain integers of pandas have no null: with a missing
value a column becomes float64, and a model that turns it into text gets `10.0` instead of `10`.
"""

from collections.abc import Sequence

from service.model.frames import MASKED
from training.samples.sample import Column
from training.signature.probe import Probe


def types(probe: Probe, columns: Sequence[Column]) -> dict[str, str]:
    """The types, by column, of the columns that accept null."""
    left = {column.name: _options(probe, column) for column in columns}
    found = {column.name: probe.types[column.name] for column in columns if column.missing}
    while waiting := {name: own[0] for name, own in left.items() if own and name not in found}:
        wide = {**probe.types, **found, **waiting}
        working = probe.working_columns(dict.fromkeys(waiting), wide)
        changed = {name: waiting[name] for name in working if waiting[name] != probe.types[name]}
        equal = probe.agreeing_columns(changed)
        found |= {name: waiting[name] for name in working if name in equal or name not in changed}
        left = {name: own[1:] for name, own in left.items()}
    return found


def _options(probe: Probe, column: Column) -> list[str]:
    """Types that hold the column's values and null, in the order in which they are tried."""
    dtype, container = probe.types[column.name], probe.signature.container
    if dtype == "bool":
        return ["object", "boolean"] if container == "frame" else ["object"]
    if "int" not in dtype:
        return [dtype]
    masked = [name for name, plain in MASKED.items() if plain == dtype]
    exact = [*masked, "object"] if container == "frame" else ["object"]
    return exact if column.is_long else ["float64", *exact]
