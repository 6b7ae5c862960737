"""Reads a sample of rows from a CSV file of any length, in bounded memory.

Types, ranges, missing values and categories are those of the whole file. Only some rows, chosen at
random with a fixed seed, are kept, to try the model on.
"""

import csv
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from service.model import number_parsing, separators
from service.model.column_names import matched, tidy
from service.model.signature import Null
from training.errors import DataError, MissingFileError
from training.samples import other_formats

KEPT_ROWS = 5_000
MAX_EXACT_INTEGER = 2**53  # float64 holds every whole number up to it
SAFE_DIGITS = 18  # a whole number with at most so many fits into 64 bits
CHUNK_ROWS = 10_000
MAX_CATEGORIES = 10_000
# Numbers of cells, which limit the memory: fewer rows of a wide table are kept.
KEPT_CELLS = 5_000_000
CHUNK_CELLS = 2_000_000
COUNTED_CELLS = 5_000_000
MIN_KEPT_ROWS = 500

MISSING = number_parsing.MISSING | {""}  # what pandas.read_csv reads as missing
BOOLEANS = {
    "True": True,
    "False": False,
    "true": True,
    "false": False,
    "TRUE": True,
    "FALSE": False,
}
SWAPPED = str.maketrans(",.", ".,")
INTEGERS = re.compile(r"(?:[ \t]*+[+-]?\d{1,20}[ \t]*+\n)*+", re.ASCII)
DECIMALS = re.compile(
    r"(?:[ \t]*+[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[ \t]*+\n)*+", re.ASCII
)


@dataclass(slots=True)
class Column:
    """One column of the file; its counts are those of all rows.

    `kind` is the narrowest of boolean, integer, number and text that fits all values, until
    `kinds.py` decides by what the estimator learned; it may then also be `date` or `datetime`.
    `values` are the values of the kept rows, None for a missing one; `cells` are their text in the
    file. `counts` is the frequency of each value, as text; None if too many values differ.

    A file with types has no cells: `series` is the column as pandas reads it. `dtype` is the type
    of the column in the user's own rows, `learned` the type of an encoder's categories, and `form`
    the form of dates as text.
    `null` is the missing value, if the type can represent both NaN and None; `null_is_known` is
    whether the estimator determines it, as files do not.
    `texts` are cells that pandas would read as missing, and the model as text. `padded` are cells
    that would be missing without the blanks around them; they count as missing until the column is
    known to be text. `listed` is whether `--kind` requires a category. `gaps` is whether pandas
    turned whole numbers into floats, because its plain integers cannot be missing. `is_unordered`
    is whether the file lacks the list of a category's categories. `alternative` is another type
    that the column may have had, by the file, such as object for text. `decimal` is the decimal
    mark in cells of numbers.
    """

    name: str
    kind: str = "boolean"
    missing: int = 0
    minimum: float | None = None
    maximum: float | None = None
    counts: Counter[str] | None = field(default_factory=Counter)
    most: int = MAX_CATEGORIES
    values: list[Any] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    series: Any = None
    dtype: str = ""
    learned: str = ""
    null: Null = "nan"
    null_is_known: bool = False
    form: str | None = None
    texts: frozenset[str] = frozenset()
    padded: Counter[str] = field(default_factory=Counter)
    listed: bool = False
    gaps: bool = False
    is_unordered: bool = False
    alternative: str = ""
    decimal: str = "."

    @property
    def is_untyped(self) -> bool:
        """Whether the file does not store its type."""
        return self.series is None or self.gaps

    @property
    def is_long(self) -> bool:
        """Whether it has whole numbers that float64 may not hold."""
        ends = (self.minimum or 0.0, self.maximum or 0.0)
        return self.kind == "integer" and max(map(abs, ends)) >= MAX_EXACT_INTEGER

    def add(self, cells: Sequence[str]) -> None:
        """Add a chunk of cells to the counts, the kind and the range."""
        present = [cell for cell in cells if cell.strip() not in MISSING]
        self.missing += len(cells) - len(present)
        if len(present) < len(cells):
            self.padded.update(
                cell for cell in cells if cell not in MISSING and cell.strip() in MISSING
            )
        if not present:
            return
        if self.counts is not None:
            self.counts.update(present)
            if len(self.counts) > self.most:
                self.counts = None
        present = list(map(self.with_decimal_point, present))
        if self.kind == "boolean" and not BOOLEANS.keys() >= {cell.strip() for cell in present}:
            self.kind = "integer" if self.minimum is None and not self._seen_booleans() else "text"
        lines = "\n".join([*present, ""])
        if lines.count("\n") != len(present):
            self.kind = "text"  # no other kind has cells with a line break
        if self.kind == "integer" and not (INTEGERS.fullmatch(lines) and self._fit(present)):
            self.kind = "number"
        if self.kind == "number" and not DECIMALS.fullmatch(lines):
            self.kind = "text"
        if self.kind in ("integer", "number"):
            found = np.array(present, dtype=np.float64)
            low, high = float(found.min()), float(found.max())
            self.minimum = low if self.minimum is None else min(low, self.minimum)
            self.maximum = high if self.maximum is None else max(high, self.maximum)

    def with_decimal_point(self, cell: str) -> str:
        """The cell of a number, with a point as decimal mark."""
        return cell if self.decimal == "." else cell.translate(SWAPPED)

    def count_padded_as_text(self) -> None:
        """Count cells such as "  " as text, as `pandas.read_csv` does in a column of text."""
        self.missing -= self.padded.total()
        if self.counts is not None:
            self.counts = self.counts + self.padded
        self.padded = Counter()

    def _seen_booleans(self) -> bool:
        return self.counts is None or any(value.strip() in BOOLEANS for value in self.counts)

    def _fit(self, cells: Sequence[str]) -> bool:
        """Whether these whole numbers, with all before them, fit into one type of 64 bits."""
        if max(map(len, cells)) <= SAFE_DIGITS:
            return True
        found = list(map(int, cells))
        low, high = min(*found, int(self.minimum or 0)), max(*found, int(self.maximum or 0))
        return low >= -(2**63) and high < (2**63 if low < 0 else 2**64)

    def parse(self, text: str) -> Any:
        """The value of a cell, by the column's kind."""
        bare = text if self.kind == "text" else text.strip()
        if self.series is None and bare in MISSING and text not in self.texts:
            return None
        if self.kind in ("integer", "number"):
            bare = self.with_decimal_point(bare)
        return PARSERS[self.kind](bare)

    def as_kind(self, kind: str, texts: Collection[str] = ()) -> "Column":
        """The same column read as another kind; DataError if a cell cannot be read so."""
        if kind == self.kind and not texts:
            return self
        made = replace(self, kind=kind, texts=frozenset(texts))
        if kind == "text":
            made.count_padded_as_text()
        if kind not in ("integer", "number"):
            made.minimum = made.maximum = None
        try:
            made.values = [made.parse(cell) for cell in self.cells]
        except (KeyError, ValueError) as error:
            raise DataError(f"the sample's column {self.name} cannot be read as {kind}") from error
        if texts:  # their cells are known only in the kept rows
            made.missing = sum(value is None for value in made.values)
        return made


PARSERS: dict[str, Callable[[str], Any]] = {
    "boolean": {**BOOLEANS, "1": True, "0": False}.__getitem__,
    "integer": int,
    "number": float,
    "text": str,
    "date": str,
    "datetime": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Columns by name, in the order of the file, which has `rows` rows; `kept` of them are here.

    `is_headless` is whether the file has no header line; the names are then x0, x1 and so on.
    `other_separator` is advice for a file of one column that may have another separator.
    """

    columns: dict[str, Column]
    rows: int
    kept: int
    is_headless: bool = False
    other_separator: str = ""

    def only(self, names: Sequence[str]) -> "Sample":
        """The same sample with these columns only."""
        return replace(self, columns={name: self.columns[name] for name in names})

    def named(
        self, targets: Sequence[str], wanted: Sequence[str] | None
    ) -> tuple["Sample", list[str]]:
        """The same sample and targets, with the names that the model was fitted on (`wanted`).

        Blanks around a name are removed, unless two columns would then have the same name.
        """
        header = list(self.columns)
        given = matched(targets, header)
        rest = [name for name in header if name not in given]
        names = dict(zip(given, tidy(given), strict=True))
        names |= zip(rest, tidy(rest) if wanted is None else matched(rest, wanted), strict=True)
        twice = [name for name, times in Counter(names[one] for one in header).items() if times > 1]
        if twice:
            raise DataError(f"the sample has several columns that may be {twice[0]!r}")
        columns = {
            names[name]: replace(column, name=names[name]) for name, column in self.columns.items()
        }
        return replace(self, columns=columns), [names[name] for name in given]


def columns_of_labels(labels: Collection[Any], columns: Iterable[Column]) -> list[str]:
    """The names of columns that may be the target of a model: they have several values, and each is
    one of its labels."""
    texts = {str(label) for label in labels}
    are_texts = all(isinstance(label, str) for label in labels)
    found = []
    for column in columns:
        held = {value for value in column.values if value is not None}
        is_target = held <= set(labels) or (are_texts and set(map(str, held)) <= texts)
        if len(held) > 1 and is_target:
            found.append(column.name)
    return found


def read(
    path: Path,
    advance: Callable[[int], object] = lambda size: None,
    named: bool = False,
    separator: str = ",",
    decimal: str = ".",
) -> Sample:
    """Read a CSV file; `advance` is called with the number of bytes read.

    If the first line has only numbers, it counts as a row, and the columns are called x0, x1 and so
    on, unless `named` is true, or the numbers are 0, 1 and so on.
    DataError, with the line, if the file is not a table.
    """
    other_formats.refuse(path)
    if decimal == separator:
        raise DataError("--decimal , needs another separator, such as --separator ';'")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_counted(file, advance), strict=True, delimiter=separator)
            try:
                return _read(path, reader, named, separator, decimal)
            except csv.Error as error:
                raise DataError(f"{path}, line {reader.line_num}: is not CSV ({error})") from error
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{path}, after line {reader.line_num}: is not UTF-8 text"
                ) from error
    except OSError as error:
        raise MissingFileError.of(path, error) from error


def _read(path: Path, reader: Any, named: bool, separator: str, decimal: str) -> Sample:
    header: list[str] = next(reader, [])
    if not header:
        raise DataError(f"{path}, line 1: the file is empty; it needs a header line and rows")
    counted = [str(place) for place in range(len(header))]  # as pandas writes an array
    is_row = header != counted and all(number_parsing.parse(name) is not None for name in header)
    is_headless = is_row and not named
    if is_headless:
        reader = chain([header], reader)
        header = [f"x{place}" for place in range(len(header))]
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise DataError(f"{path}, line 1: column {twice[0]} occurs more than once in the header")
    width = len(header)
    advice = _other_separator(separator, header)
    most = min(MAX_CATEGORIES, COUNTED_CELLS // width)
    keep = min(KEPT_ROWS, max(MIN_KEPT_ROWS, KEPT_CELLS // width))
    columns = {name: Column(name, most=most, decimal=decimal) for name in header}
    chance = random.Random(0)  # noqa: S311 (a sample, not a secret)
    kept: list[list[str]] = []
    rows = 0
    filled = filter(None, reader)  # without blank lines
    while chunk := list(islice(filled, min(CHUNK_ROWS, max(1, CHUNK_CELLS // width)))):
        for cells in chunk:
            if len(cells) != width:
                raise DataError(
                    f"{path}, row {rows + 1} below the header: "
                    + (advice or f"has {len(cells)} cells, the header has {width} columns")
                )
            if len(kept) < keep:
                kept.append(cells)
            elif (place := chance.randrange(rows + 1)) < keep:
                kept[place] = cells
            rows += 1
        for column, values in zip(columns.values(), zip(*chunk, strict=True), strict=True):
            column.add(values)
    if not rows:
        raise DataError(f"{path}, line 2: there are no rows")
    for place, column in enumerate(columns.values()):
        if column.missing == rows:
            column.kind = "text"
        if column.kind == "text":
            column.count_padded_as_text()
        column.cells = [cells[place] for cells in kept]
        column.values = list(map(column.parse, column.cells))
    return Sample(
        columns=columns,
        rows=rows,
        kept=len(kept),
        is_headless=is_headless,
        other_separator=advice,
    )


def _other_separator(separator: str, header: Sequence[str]) -> str:
    """Advice for a header line of one cell that has another separator; empty if it has none."""
    other = separators.other_than(separator, header[0]) if len(header) == 1 else None
    if other is None:
        return ""
    found, expected, spelling = other
    return f"the header line has {found} and no {expected}: use --separator {spelling}"


def _counted(lines: Iterator[str], advance: Callable[[int], object]) -> Iterator[str]:
    for line in lines:
        advance(len(line))
        yield line
