"""Tries a fitted estimator on changed rows, to find out which values it accepts.

The attributes of an estimator's parts hold what each part learned. Which values the whole estimator
accepts, only its predictions show.
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
COMPARED_ROWS = 500  # predicted with a column in two types; of a wide table fewer
COMPARED_CELLS = 300_000  # of the compared rows, unless these were fewer than MIN_COMPARED_ROWS
MIN_COMPARED_ROWS = 30
TOLERANCE = 1e-9  # for numbers in predictions that are compared
HALVES = 64  # above it, columns are tried in so many random halves instead of each alone
MAX_COLUMNS_ALONE = 512  # in one call, each of them in a row of its own
ALONE_CELLS = 2_000_000  # of the rows of such a call
MAX_VALUES_TOGETHER = 1000  # of one column, tried in one call with those of other columns
MIN_TRIALS = 8
TRIED_COLUMNS = 100_000  # columns times trials of a search; enough to decide all of 220 columns
ONE_BY_ONE = 200  # up to so many columns, each may get a bound of its own
SEARCHED_COLUMNS = ONE_BY_ONE**2  # columns times searches for a bound
LARGEST = float(np.finfo(np.float64).max)
AMPLE = 1e30  # a bound beyond this is no limitation in practice
AMPLE_BOUNDS = (1e300, 1e150, AMPLE)  # tried before the exact bound of many columns is searched


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
        compared = max(MIN_COMPARED_ROWS, COMPARED_CELLS // max(1, len(signature.names)))
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
        """Whether the model predicts rows with these changes, and returns finite numbers.

        `changes` are the values of changed columns. If a column has fewer values than another, they
        repeat, and so do the kept rows. `types` are the types of columns that get another one than
        in the signature.
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
        """The result of a method for the kept rows; the estimator's errors pass through."""
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
        """The estimator's predictions for rows of these types; None if it raises an error.

        `others` replace the columns of the same names.
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
                return self.model.call_on(rows, self.methods)
            except Exception:
                return None

    def agreeing_columns(self, types: Mapping[str, str]) -> set[str]:
        """The columns whose other type, with a null in it, does not change predictions."""
        if not types or self._agree(types):
            return set(types)
        if len(types) == 1:
            return set()
        names = list(types)
        half = len(names) // 2
        parts = (names[:half], names[half:])
        return set().union(
            *(self.agreeing_columns({name: types[name] for name in part}) for part in parts)
        )

    def differs(self, others: Mapping[str, Other]) -> bool | None:
        """Whether predictions differ if these columns have other types, or encoders then know more
        of their values. Columns that have a null get one more.

        None if there are no predictions, or if encoders then know fewer values: the model was not
        fitted on columns of these types.
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
        """The predictions for `_with_nulls` in the signature's types, and the number of unknown
        values."""
        if nulls not in self._usual:
            self._usual[nulls] = self._counted(self._with_nulls(nulls))
        return self._usual[nulls]

    def _counted(
        self,
        rows: Mapping[str, list[Any]],
        others: Mapping[str, Callable[[], Any]] = MappingProxyType({}),
    ) -> tuple[list[Any] | None, int]:
        """The predictions for rows, and the number of values that encoders do not know."""
        with unknown_values.counted(self.model.parts) as unknown:
            answers = self._answers(_table(rows, self.types), self.types, others)
        return answers, unknown.value

    @cached_property
    def _usual_answers(self) -> list[Any] | None:
        """The predictions for the compared rows in the signature's types."""
        return self._answers(_table(self.more, self.types), self.types)

    def _agree(self, types: Mapping[str, str]) -> bool:
        given = {**self.types, **types}
        wide = {
            name: [*values, None if name in types else values[0]]
            for name, values in self.more.items()
        }
        before, after = self._usual_answers, self._answers(_table(wide, given), given)
        return before is not None and after is not None and all(map(_same, before, after))

    def working_columns(
        self, changes: Mapping[str, Any], types: Mapping[str, str] | None = None
    ) -> set[str]:
        """The columns that may have these values.

        For a wide table some that work may be missing from the result; see `_search`.
        """
        return self._search({name: [value] for name, value in changes.items()}, types)

    def _search(
        self, changes: Mapping[str, Sequence[Any]], types: Mapping[str, str] | None = None
    ) -> set[str]:
        """The columns that may have these values.

        First all columns are tried together, then each group of columns that the same parts of the
        estimator read, then halves of these. The number of trials is limited: trying each of 10,000
        columns would take hours. Columns that are not decided then count as not working, which is
        the safe side.
        """
        if not changes or self.works(changes, types):
            return set(changes)
        waiting = deque(self.model.columns(list(self.types)).groups)
        found: set[str] = set()
        for _ in range(max(MIN_TRIALS, TRIED_COLUMNS // len(self.types))):
            group = [name for name in waiting.popleft() if name in changes]
            if group and self.works({name: changes[name] for name in group}, types):
                found.update(group)
            elif len(group) > 1:
                waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
            if not waiting:
                break
        return found

    def try_values(self, values: Mapping[str, Sequence[Any]]) -> None:
        """Try all values of many columns in few calls, which makes `working_values` fast."""
        few = {name: own for name, own in values.items() if 0 < len(own) <= MAX_VALUES_TOGETHER}
        self._taken = {name: set(few[name]) for name in self._search(few)}

    def working_values(self, name: str, values: Sequence[Any]) -> list[Any]:
        """The values, of these, that one column may have."""
        if self._taken.get(name, set()).issuperset(values) or self.works({name: values}):
            return list(values)
        if len(values) == 1:
            return []
        half = len(values) // 2
        return self.working_values(name, values[:half]) + self.working_values(name, values[half:])

    def works_at(self, bounds: Mapping[str, float]) -> bool:
        """Whether these columns may have these values, all together and each alone.

        Many columns are tried in halves instead of each alone; the halves are always the same.
        """
        names = list(bounds)
        if len(names) <= HALVES:
            changed = np.eye(len(names), dtype=bool)
        else:
            changed = np.random.default_rng(0).random((HALVES, len(names))) < 0.5
        changed = np.concatenate([np.ones((1, len(names)), dtype=bool), changed])
        return self._works_where(changed, bounds)

    def _works_where(self, changed: Any, bounds: Mapping[str, float]) -> bool:
        """Whether rows work whose columns have their bound where `changed` is true."""
        columns: dict[str, Any] = {
            name: np.where(
                changed[:, place], bounds[name], self._kept_rows(name, "float64")[0]
            ).tolist()
            for place, name in enumerate(bounds)
        }
        return self.works(columns, self.types_of_bounds(bounds))

    def types_of_bounds(self, names: Iterable[str]) -> dict[str, str]:
        """Types that hold any number: objects remain objects, others become floats."""
        return {name: "object" if self.types[name] == "object" else "float64" for name in names}

    def bound(self, good: Mapping[str, float], towards: float) -> dict[str, float]:
        """The bound of each column, between a value that works and one that may not.

        Some models overflow inside long before their type does, and a request must not be able to
        make them fail. First a common bound of all columns is searched. If it is too narrow, the
        columns are divided: few into single columns, many into halves, as often as the limit of
        searches permits.
        """
        pick = max if towards > 0 else min
        found: dict[str, float] = {}
        waiting = deque([list(good)])
        searches = max(MIN_TRIALS, SEARCHED_COLUMNS // len(good))
        while waiting:
            group = waiting.popleft()
            searches -= 1
            start = pick(good[name] for name in group)
            together = self._furthest(group, start, towards)
            if abs(together) >= AMPLE or len(group) == 1 or searches <= len(waiting):
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
        """The columns that may not have these values while all others are unchanged."""
        names = list(bounds)
        size = min(MAX_COLUMNS_ALONE, max(HALVES, ALONE_CELLS // len(self.types)))
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

        For many columns one of `AMPLE_BOUNDS`, if it works.
        """
        if self.works_at(dict.fromkeys(names, bad)):
            return bad
        if len(names) > HALVES:  # a search takes 62 trials, which are slow here
            for size in AMPLE_BOUNDS:
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
    """The columns of these rows, each in its type."""
    return [as_column(rows[name], dtype) for name, dtype in types.items()]


def _ordinal(value: float) -> int:
    """The position of a float among all floats: the next float has the next number."""
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def _float(ordinal: int) -> float:
    bits = ordinal if ordinal >= 0 else -ordinal | -0x8000000000000000
    (value,) = struct.unpack("<d", struct.pack("<q", bits))
    return float(value)


def _same(before: Any, after: Any) -> bool:
    """Whether predictions are equal, but for the last row of `after`."""
    if isinstance(before, list):
        return all(map(_same, before, after))
    return _equal(before, np.asarray(after)[:-1])


def _equal(before: Any, after: Any) -> bool:
    """Whether predictions are equal; numbers up to their last digits."""
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
