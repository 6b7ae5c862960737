"""Compares two signatures: what changes for clients.

A change breaks clients if a request that was accepted would be refused, or if a response would lack
or rename something.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from service.model.signature import Input, Output, Signature

ENDLESS = 1e30  # bounds beyond it count as none


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, as text, and whether it breaks clients."""

    text: str
    breaks: bool


def changes(old: Signature, new: Signature) -> list[Change]:
    """All differences between two signatures, inputs first."""
    return [*_of_inputs(old, new), *_of_outputs(old, new)]


def _of_inputs(old: Signature, new: Signature) -> Iterator[Change]:
    before = {column.name: column for column in old.inputs}
    after = {column.name: column for column in new.inputs}
    for name in before.keys() - after.keys():
        yield Change(f"input {name} is gone: requests that have it are refused", True)
    for name in after.keys() - before.keys():
        yield Change(f"input {name} is new: requests without it are refused", True)
    for name in old.names:
        if name in after:
            yield from _of_input(before[name], after[name])
    common = [name for name in old.names if name in after]
    if common != [name for name in new.names if name in before]:
        yield Change("inputs are in another order: rows without names mean something else", True)


def _of_input(old: Input, new: Input) -> Iterator[Change]:
    name = f"input {old.name}"
    if old.kind != new.kind:
        texts = all(isinstance(value, str) for value in old.categories or ())
        wider = (old.kind, new.kind) == ("integer", "number") or (
            (old.kind, new.kind) == ("category", "text") and texts and new.nullable >= old.nullable
        )
        if wider:
            takes = {"text": "any text", "number": "any number"}[new.kind]
            had = {"category": f"{len(old.categories or ())} categories"}.get(old.kind, old.kind)
            yield Change(f"{name} takes {takes}, was {had}", False)
        else:
            yield Change(f"{name} is of kind {new.kind}, was {old.kind}", True)
        return
    if old.nullable != new.nullable:
        yield Change(f"{name} {'may' if new.nullable else 'must not'} be null now", old.nullable)
    gone = set(old.categories or ()) - set(new.categories or ())
    if new.closed and (gone or not old.closed):
        what = f"no longer takes {_listed(gone)}" if gone else "takes its categories only"
        yield Change(f"{name} {what}", True)
    more = set(new.categories or ()) - set(old.categories or ())
    if old.closed and (more or not new.closed):
        what = f"also takes {_listed(more)}" if new.closed else "takes other categories, too"
        yield Change(f"{name} {what}", False)
    yield from _of_bounds(name, old, new)
    if (old.minimum, old.maximum) != (new.minimum, new.maximum):
        yield Change(f"{name} is {_range(new)} in the sample, was {_range(old)}", False)


def _of_bounds(name: str, old: Input, new: Input) -> Iterator[Change]:
    """Changes of the range in which the model works."""
    before, after = (
        -ENDLESS if one.lowest is None else max(one.lowest, -ENDLESS) for one in (old, new)
    )
    if after > before:
        yield Change(f"{name} must be at least {after:g}, was {before:g}", True)
    if after < before:
        yield Change(f"{name} may be less than {before:g} now", False)
    before, after = (
        ENDLESS if one.highest is None else min(one.highest, ENDLESS) for one in (old, new)
    )
    if after < before:
        yield Change(f"{name} must be at most {after:g}, was {before:g}", True)
    if after > before:
        yield Change(f"{name} may be more than {before:g} now", False)


def _of_outputs(old: Signature, new: Signature) -> Iterator[Change]:
    before = {output.name: output for output in old.outputs}
    after = {output.name: output for output in new.outputs}
    for name in before.keys() - after.keys():
        yield Change(f"output {name} is gone", True)
    for name in after.keys() - before.keys():
        yield Change(f"output {name} is new", False)
    for name in before.keys() & after.keys():
        yield from _of_output(before[name], after[name])


def _of_output(old: Output, new: Output) -> Iterator[Change]:
    name = f"output {old.name}"
    if old.kind != new.kind:
        yield Change(f"{name} is of kind {new.kind}, was {old.kind}", True)
    if old.labels != new.labels:
        yield Change(
            f"{name} has the labels {_listed(new.labels)}, had {_listed(old.labels)}", True
        )
    if old.confidence != new.confidence:
        lost = old.confidence is not None
        yield Change(f"{name} returns {new.confidence or 'no confidence'} on request", lost)


def _listed(values: object) -> str:
    shown = sorted(map(str, values)) if isinstance(values, set | tuple) else []
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _range(column: Input) -> str:
    if column.minimum is None or column.maximum is None:
        return "no numbers"
    return f"{column.minimum:g} to {column.maximum:g}"
