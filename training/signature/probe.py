"""Tries a fitted estimator on changed rows, to find out which values it accepts.

The parts of an estimator have attributes of what they learned; what the whole estimator accepts is
only known from its predictions.
"""

import math
import struct
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np

from service.model.engines import Column
from service.model.predictor import as_column
from service.model.signature import Output, Signature
from training.estimators import unknown_values
from training.estimators.fitted_model import FittedModel
from training.signature.other_types import Other

ROWS = 3
COMPARED_ROWS = 500  # whose answers are compared where a column gets another type
COMPARED_CELLS = 300_000  # of a wide table; there are fewer rows of it, and 30 at least
FEWEST_COMPARED = 30
TOLERANCE = 1e-9  # of numbers in these answers
HALVES = 64  # rows with bounds in half of many columns; also how many columns are many
MOST_ALONE = 512  # columns that are tried alone in one call, a row for each
ALONE_CELLS = 2_000_000  # of the rows of such a call
MANY_VALUES = 1000  # of one column that are tried together with those of others
FEWEST_TRIALS = 8
TRIED_COLUMNS = 100_000  # columns times trials of a search; up to 220 columns all are decided
ONE_BY_ONE = 200  # columns whose bounds are found one by one, if need be
SEARCHED_COLUMNS = ONE_BY_ONE**2  # columns times searches for a bound
LARGEST = float(np.finfo(np.float64).max)
ROOMY = 1e30  # a common bound beyond this is no limitation in practice
ROOMY_SIZES = (1e300, 1e150, ROOMY)  # that are tried before the exact bound of many columns


class Probe:
    """A model, rows that it accepts, and their container and types."""

    def __init__(
        self, model: FittedModel, signature: Signature, rows: Mapping[str, list[Any]]
    ) -> None:
        self.model = model
        self.signature = signature
        self.inputs = {column.name: column for column in signature.inputs}
        self.types = {column.name: column.dtype for column in signature.inputs}
        self.rows = {name: rows[name][:ROWS] for name in signature.names}
        compared = max(FEWEST_COMPARED, COMPARED_CELLS // max(1, len(signature.names)))
        self.more = {name: rows[name][: min(COMPARED_ROWS, compared)] for name in signature.names}
        self.methods = model.methods
        self._kept: dict[tuple[str, str], Column] = {}
        self._taken: dict[str, set[Any]] = {}
        self._usual: dict[frozenset[str], tuple[list[Any] | None, int]] = {}

    @property
    def count(self) -> int:
        """The number of rows that `call` passes to the estimator."""
        return len(next(iter(self.rows.values())))

    def works(
        self, changes: Mapping[str, Sequence[Any]], types: Mapping[str, str] | None = None
    ) -> bool:
        """Whether rows with these columns changed are predicted, with finite numbers.

        A changed column has values, which repeat if another has more; the kept rows repeat beside
        it. `types` are of columns that get another type than the signature's.
        """
        given = {**self.types, **(types or {})}
        count = max(map(len, changes.values()), default=ROWS)
        places = np.arange(count) % len(next(iter(self.rows.values())))
        columns = []
        for name, dtype in given.items():
            values = changes.get(name, ())
            if len(values):
                column = as_column(list(values), dtype)
                columns.append(column if len(column) == count else np.resize(column, count))
            else:
                columns.append(self._kept_rows(name, dtype)[places])
        return self._takes(columns, given)

    def _kept_rows(self, name: str, dtype: str) -> Column:
        if (name, dtype) not in self._kept:
            self._kept[name, dtype] = as_column(self.rows[name], dtype)
        return self._kept[name, dtype]

    def call(self, method: str) -> Any:
        """What a method returns for the kept rows; the estimator's errors pass through."""
        columns = [self._kept_rows(name, dtype) for name, dtype in self.types.items()]
        return self.model.call([method], self.signature, columns)[0]

    def _takes(self, columns: Sequence[Column], types: Mapping[str, str]) -> bool:
        found = self._answers(columns, types)
        return found is not None and all(map(_is_finite, found))

    def _answers(
        self,
        columns: Sequence[Column],
        types: Mapping[str, str],
        others: Mapping[str, Callable[[], Any]] = MappingProxyType({}),
    ) -> list[Any] | None:
        """What the estimator returns for rows of these types; None if it raises an error.

        `others` make columns of pandas, which take the place of those of these names.
        """
        signature = Signature(
            container=self.signature.container,
            inputs=tuple(
                one if one.dtype == types[name] else replace(one, dtype=types[name])
                for name, one in self.inputs.items()
            ),
            outputs=(Output(name="", kind="number"),),
        )
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                rows = self.model.engine(signature).contained(columns)
                for name, make in others.items():
                    rows[name] = make()
                return self.model.ask(self.methods, rows)
            except Exception:
                return None

    def those_that_agree(self, types: Mapping[str, str]) -> set[str]:
        """The columns for which the rows get the same answers in these types, beside a null."""
        if not types or self._agree(types):
            return set(types)
        if len(types) == 1:
            return set()
        names = list(types)
        half = len(names) // 2
        parts = (names[:half], names[half:])
        return set().union(
            *(self.those_that_agree({name: types[name] for name in part}) for part in parts)
        )

    def differing(self, others: Mapping[str, Other]) -> bool | None:
        """Whether rows get other answers if these columns have other types, or encoders know more
        of their values then. Columns that have some null get one more.

        None if there are no answers, or if encoders know fewer of their values then: the model was
        not fitted on such columns.
        """
        nulls = frozenset(name for name, one in others.items() if one.has_null)
        rows = self._with_nulls(nulls)
        makes = {name: partial(one.column, rows[name]) for name, one in others.items()}
        (before, known), (after, unknown) = self._before(nulls), self._counted(rows, makes)
        if before is None or after is None or unknown > known:
            return None
        return unknown < known or not all(map(_equal, before, after))

    def _with_nulls(self, nulls: Collection[str]) -> dict[str, list[Any]]:
        """The compared rows and one more, with a null in these columns."""
        return {
            name: [*values, None if name in nulls else values[0]]
            for name, values in self.more.items()
        }

    def _before(self, nulls: frozenset[str]) -> tuple[list[Any] | None, int]:
        """The answers to `_with_nulls` in the signature's types, and the number of unknown
        values."""
        if nulls not in self._usual:
            self._usual[nulls] = self._counted(self._with_nulls(nulls))
        return self._usual[nulls]

    def _counted(
        self,
        rows: Mapping[str, list[Any]],
        others: Mapping[str, Callable[[], Any]] = MappingProxyType({}),
    ) -> tuple[list[Any] | None, int]:
        """The answers to rows, and the number of values that encoders do not know."""
        with unknown_values.counted(self.model.parts) as unknown:
            answers = self._answers(_table(rows, self.types), self.types, others)
        return answers, unknown.value

    @cached_property
    def _usual_answers(self) -> list[Any] | None:
        """The answers to the compared rows in the signature's types."""
        return self._answers(_table(self.more, self.types), self.types)

    def _agree(self, types: Mapping[str, str]) -> bool:
        given = {**self.types, **types}
        wide = {
            name: [*values, None if name in types else values[0]]
            for name, values in self.more.items()
        }
        before, after = self._usual_answers, self._answers(_table(wide, given), given)
        return before is not None and after is not None and all(map(_same, before, after))

    def those_that_work(
        self, changes: Mapping[str, Any], types: Mapping[str, str] | None = None
    ) -> set[str]:
        """The columns that may have these values, all of which are tried at once if they can be.

        In a wide table a column may be missing from the result that would work; see `_search`.
        """
        return self._search({name: [value] for name, value in changes.items()}, types)

    def _search(
        self, changes: Mapping[str, Sequence[Any]], types: Mapping[str, str] | None = None
    ) -> set[str]:
        """The columns that may have these values.

        They are tried at once, then in the groups that go through the same parts of the estimator,
        then in halves of these. The number of trials is bounded: trying each of 10,000 columns
        would take hours. What is not decided then counts as not working, which is the safe side.
        """
        if not changes or self.works(changes, types):
            return set(changes)
        waiting = deque(self.model.columns(list(self.types)).groups)
        found: set[str] = set()
        for _ in range(max(FEWEST_TRIALS, TRIED_COLUMNS // len(self.types))):
            group = [name for name in waiting.popleft() if name in changes]
            if group and self.works({name: changes[name] for name in group}, types):
                found.update(group)
            elif len(group) > 1:
                waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
            if not waiting:
                break
        return found

    def try_values(self, values: Mapping[str, Sequence[Any]]) -> None:
        """Try all values of many columns at once, for `values_that_work` to be quick."""
        few = {name: own for name, own in values.items() if 0 < len(own) <= MANY_VALUES}
        self._taken = {name: set(few[name]) for name in self._search(few)}

    def values_that_work(self, name: str, values: Sequence[Any]) -> list[Any]:
        """Those of the values that one column may have."""
        if self._taken.get(name, set()).issuperset(values) or self.works({name: values}):
            return list(values)
        if len(values) == 1:
            return []
        half = len(values) // 2
        return self.values_that_work(name, values[:half]) + self.values_that_work(
            name, values[half:]
        )

    def works_at(self, bounds: Mapping[str, float]) -> bool:
        """Whether these columns may have these values, all at once and each alone.

        Of many columns halves are taken instead of each alone, always the same ones.
        """
        names = list(bounds)
        if len(names) <= HALVES:
            changed = np.eye(len(names), dtype=bool)
        else:
            changed = np.random.default_rng(0).random((HALVES, len(names))) < 0.5
        changed = np.concatenate([np.ones((1, len(names)), dtype=bool), changed])
        return self._works_where(changed, bounds)

    def _works_where(self, changed: Any, bounds: Mapping[str, float]) -> bool:
        """Whether rows work that have their bound in the columns where `changed` is true."""
        columns: dict[str, Any] = {
            name: np.where(
                changed[:, place], bounds[name], self._kept_rows(name, "float64")[0]
            ).tolist()
            for place, name in enumerate(bounds)
        }
        return self.works(columns, self.types_of_bounds(bounds))

    def types_of_bounds(self, names: Iterable[str]) -> dict[str, str]:
        """The types in which any number is tried: objects stay objects, others become floats."""
        return {name: "object" if self.types[name] == "object" else "float64" for name in names}

    def bound(self, good: Mapping[str, float], towards: float) -> dict[str, float]:
        """How far these columns may go from values that work towards one that may not.

        Some models overflow inside long before their type does, and a request must not be able to
        make them fail. All columns are tried at once; where that leaves little room, in halves, and
        these in halves, down to single columns unless there are very many.
        """
        pick = max if towards > 0 else min
        found: dict[str, float] = {}
        waiting = deque([list(good)])
        searches = max(FEWEST_TRIALS, SEARCHED_COLUMNS // len(good))
        while waiting:
            group = waiting.popleft()
            searches -= 1
            start = pick(good[name] for name in group)
            together = self._furthest(group, start, towards)
            if abs(together) >= ROOMY or len(group) == 1 or searches <= len(waiting):
                found |= {name: pick(together, good[name]) for name in group}
            elif len(good) <= ONE_BY_ONE:
                waiting += [[name] for name in group]
            else:
                waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
        if len(good) > HALVES:
            for name in self._failing_alone(found):
                found[name] = good[name]
        return {name: found[name] for name in good}

    def _failing_alone(self, bounds: Mapping[str, float]) -> list[str]:
        """The columns that may not have these values when all others are as they were."""
        names = list(bounds)
        size = min(MOST_ALONE, max(HALVES, ALONE_CELLS // len(self.types)))
        waiting = [names[at : at + size] for at in range(0, len(names), size)]
        failing = []
        while waiting:
            group = waiting.pop()
            if self._works_where(np.eye(len(group), dtype=bool), {n: bounds[n] for n in group}):
                continue
            if len(group) == 1:
                failing += group
            else:
                waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
        return failing

    def _furthest(self, names: Sequence[str], good: float, bad: float) -> float:
        """The last float from `good` to `bad` that works in these columns, if all before it do.

        Of many columns a round one that is no limit in practice, if that works.
        """
        if self.works_at(dict.fromkeys(names, bad)):
            return bad
        if len(names) > HALVES:  # a search takes 62 trials, each of which takes its time
            for size in ROOMY_SIZES:
                near = math.copysign(size, bad)
                if abs(good) < size and self.works_at(dict.fromkeys(names, near)):
                    return near
        first, last = _ordinal(good), _ordinal(bad)
        while abs(last - first) > 1:
            middle = (first + last) // 2
            if self.works_at(dict.fromkeys(names, _float(middle))):
                first = middle
            else:
                last = middle
        return _float(first)


def _table(rows: Mapping[str, list[Any]], types: Mapping[str, str]) -> list[Column]:
    """The columns of rows, each in its type."""
    return [as_column(rows[name], dtype) for name, dtype in types.items()]


def _ordinal(value: float) -> int:
    """Floats counted in order: the next float has the next number."""
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def _float(ordinal: int) -> float:
    bits = ordinal if ordinal >= 0 else -ordinal | -0x8000000000000000
    (value,) = struct.unpack("<d", struct.pack("<q", bits))
    return float(value)


def _same(before: Any, after: Any) -> bool:
    """Whether answers are those of others, which have one row more."""
    if isinstance(before, list):
        return all(map(_same, before, after))
    return _equal(before, np.asarray(after)[:-1])


def _equal(before: Any, after: Any) -> bool:
    """Whether answers are the same, numbers but for their last digits."""
    if isinstance(before, list):
        return all(map(_equal, before, after))
    one, other = np.asarray(before), np.asarray(after)
    if one.shape != other.shape:
        return False
    if one.dtype.kind == "f" and other.dtype.kind == "f":
        return bool(np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))
    return bool(np.array_equal(one, other))


def _is_finite(found: Any) -> bool:
    if isinstance(found, list):
        return all(map(_is_finite, found))
    values = np.asarray(found)
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())
