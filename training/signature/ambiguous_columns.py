"""Finds columns on whose type the predictions depend, although the sample does not determine it.

10 in a CSV file may have been a whole number, a category or an object, and 10 in a column with
empty cells may have been 10.0. Most models predict the same for each of these types. If a model
does not, and its encoders do not have the type, `--kind` or a sample with types must give it.
"""

import re
from collections.abc import Callable, Collection, Sequence

from training.errors import PackError
from training.samples.sample import Column
from training.signature import other_types
from training.signature.other_types import Doubted, Other
from training.signature.probe import Probe
from training.summary import listed

MAX_TRIED_COLUMNS = 50  # one by one
BY_KIND = ", or use --kind {first}=KIND"
LENGTH = re.compile(r"-?\d+ days(?: [+-]?\d\d:\d\d:\d\d(?:\.\d+)?)?", re.ASCII)


def _unknown(words: str, more: str = BY_KIND) -> str:
    return (
        f"the {{columns}} {{hold}} {words}, and the sample has no types: give it as Parquet with "
        f"the types that the model was fitted with{more}"
    )


def _unheld(words: str) -> str:
    return (
        f"the {{columns}} {{hold}} {words}, which no kind of input holds: fit the model on text, "
        "numbers or times, or use --kind {first}=KIND if it was"
    )


# Other types of a column, and the message if predictions differ with one; the first that applies.
REASONS: tuple[tuple[Callable[[Doubted], Other | None], str], ...] = (
    (
        other_types.other_null,
        "missing values of the {columns} are NaN and not None, and a file stores both alike: fit a "
        "model that treats both alike, as pandas.isna does",
    ),
    (
        other_types.objects_stored,
        "the {columns} {hold} objects of Python, as it was written, or has the type that pandas "
        "reads: fit the model on columns with types, as frame.convert_dtypes() gives them, and "
        "write the sample again",
    ),
    (
        other_types.other_categories,
        "the categories of the {columns} have another order or number, and Parquet keeps them for "
        "text alone: give the sample as Feather",
    ),
    (
        other_types.seconds,
        "the times of the {columns} are in seconds, as they were written, and Parquet stores "
        "milliseconds: give the sample as Feather",
    ),
    (other_types.masked, _unknown("a type of pandas such as Int64, with NA")),
    (other_types.objects, _unknown("objects of Python")),
    (
        other_types.nones,
        "missing values of the {columns} are None, and not NaN as pandas.read_csv reads them: fit "
        "a model that treats both alike, as pandas.isna does, or use --kind {first}=KIND if it "
        "was fitted on NaN",
    ),
    (other_types.category, _unknown("categories")),
    (
        other_types.extended_categories,
        "the categories of the {columns} have a type such as Int64, and files have int64 in its "
        "place: fit the model on categories of plain types, or use --kind {first}=KIND if it was",
    ),
    (other_types.times, _unknown("times")),
    (other_types.local_times, _unknown("times with a zone")),
    (other_types.nanoseconds, _unknown("times in nanoseconds, not microseconds", "")),
    (other_types.category_of_times, _unheld("categories of times")),
    (other_types.dates_of_python, _unheld("dates as objects of Python")),
    (other_types.times_of_day, _unheld("times of day as objects of Python")),
    (other_types.text, _unknown("text")),
)


def check(
    probe: Probe, columns: Sequence[Column], fixed: Collection[str], given: Collection[str] = ()
) -> None:
    """Raise PackError if a column may have another type, and predictions would differ with it.

    `given` are the columns of `--kind`. `fixed` are these and the columns whose kind the estimator
    has learned.
    """
    if probe.signature.container != "frame":
        return
    for column in columns:
        if column.is_untyped and column.name not in fixed and _are_lengths(column):
            raise PackError(
                f"the column {column.name} looks like lengths of time ({column.cells[0]}), which "
                "no kind of input holds: fit the model on numbers, or use "
                f"--kind {column.name}=text"
            )
    doubted = [
        Doubted(one, probe.inputs[one.name], one.name in given, one.name in fixed)
        for one in columns
    ]
    for doubt, reason in REASONS:
        found = {one.column.name: doubt(one) for one in doubted}
        others = {name: other for name, other in found.items() if other is not None}
        together = probe.differs(others) if others else False
        if together is False:
            continue
        tried = [*others][:MAX_TRIED_COLUMNS]
        alone = [name for name in tried if probe.differs({name: others[name]})]
        if alone or together:  # only together: it takes several columns, or one that was not tried
            raise PackError(_message(reason, alone[:1] or list(others)))


def _message(reason: str, names: Sequence[str]) -> str:
    is_one = len(names) == 1
    columns = f"column {names[0]}" if is_one else f"columns {listed(names)}"
    words = reason.format(columns=columns, hold="holds" if is_one else "hold", first=names[0])
    return f"the model predicts differently if {words}"


def _are_lengths(column: Column) -> bool:
    """Whether the values are lengths of time as pandas writes them."""
    there = [value for value in column.values if value is not None]
    return column.kind == "text" and bool(there) and all(map(LENGTH.fullmatch, there))
