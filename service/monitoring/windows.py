"""Sums of counts over the last hour and the last day, added up over all workers.

Each worker adds to a file of its own, which all others read, so no lock is held while counting, and
a killed worker leaves its counts. Each file is locked as long as its worker lives; a new worker
continues the file of one that has ended.
"""

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """So many parts, of so many seconds each; the current part is not full yet."""

    name: str
    parts: int
    part_seconds: int


WINDOWS = (Window("hour", 12, 300), Window("day", 24, 3600))


class Windows:
    """Counts of one worker and its siblings.

    `width` is the length of what is added. `folder` is shared by the workers; without one, the
    counts are those of this process. The files of models with another `key` are left alone.
    """

    def __init__(self, width: int, folder: Path | None, key: str) -> None:
        # A row of the table is a part of a window: its number since the epoch, then its counts.
        self._shape = (sum(window.parts for window in WINDOWS), 1 + width)
        self._folder = folder
        self._pattern = f"drift-{key}-{{}}.bin"
        self._own: Numbers | None = None
        self.is_first = folder is None  # of the workers that are counting, this is one

    def add(self, counts: Numbers, now: float) -> None:
        """Add counts to the current part of each window; `now` is in seconds since the epoch."""
        for window, table in _tables(self.open()):
            number = int(now // window.part_seconds)
            part = table[number % window.parts]
            if part[0] != number:
                part[1:] = 0
                part[0] = number
            part[1:] += counts

    def open(self) -> Numbers:
        """Open the worker's file, if it is not open: in the worker, since the lock is its own."""
        if self._own is None:
            self._own = self._opened()
        return self._own

    def sums(self, now: float) -> dict[str, Numbers]:
        """The counts of all workers by window."""
        found = {window.name: np.zeros(self._shape[1] - 1) for window in WINDOWS}
        for whole in self._read():
            for window, table in _tables(whole):
                age = int(now // window.part_seconds) - table[:, 0]
                recent = (age >= 0) & (age < window.parts)
                found[window.name] += table[recent, 1:].sum(axis=0)
        return found

    def _opened(self) -> Numbers:
        """A new table, or the table of a worker that has ended."""
        if self._folder is None:
            return np.zeros(self._shape)
        size = 8 * self._shape[0] * self._shape[1]
        for number in count():
            path = self._folder / self._pattern.format(number)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            weakref.finalize(self, os.close, descriptor)
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.is_first = number == 0
                break
        with path.open("ab") as file:
            # Written, not only made longer: memory that is missing is an error now, not a signal.
            file.write(bytes(max(0, size - file.tell())))
        return np.memmap(path, np.float64, "r+", shape=self._shape)

    def _read(self) -> Iterator[Numbers]:
        if self._folder is None:
            if self._own is not None:
                yield self._own
            return
        for path in self._folder.glob(self._pattern.format("*")):
            whole = np.fromfile(path)
            if whole.size == self._shape[0] * self._shape[1]:  # else it is being made
                yield whole.reshape(self._shape)


def _tables(whole: Numbers) -> Iterator[tuple[Window, Numbers]]:
    first = 0
    for window in WINDOWS:
        yield window, whole[first : first + window.parts]
        first += window.parts
