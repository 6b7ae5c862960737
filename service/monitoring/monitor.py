"""Counts the inputs and outputs of predictions by the bins of the model's profile.

A prediction is only noted; some time later the rows of many are counted together. Under load
further ones are passed over, so that counting takes at most 0.3 % of a worker's time.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from time import perf_counter, time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError
from service.model.profile import Counter, Profile, highest, known_categories
from service.monitoring.windows import Numbers, Windows

log = logging.getLogger("slipway.drift")

COUNT_SECONDS = 0.05  # between two counts
COST_SHARE = 0.003  # of the time between two counts, the most that a count takes
MAX_CALLS = 50  # noted for one count
MAX_VALUES, MAX_ROWS, MIN_ROWS = 10_000, 1_000, 20  # of all of them together
LOG_SECONDS = 60
CONFIDENT_ROWS = 20  # whose probabilities are computed for each count
CONFIDENT_SECONDS = 0.002  # the longest call for them
CONFIDENT_NUMBERS = 3  # of an output: rows, sum and sum of squares of the highest probability

Noted = tuple[Mapping[str, Column], Mapping[str, Any]]


class Monitor:
    """One per worker, made before the workers are forked.

    `folder` is where the counts of all workers meet, or None if there is one process. One of the
    workers calls `each_minute` while there are predictions.
    """

    def __init__(
        self,
        predictor: Predictor,
        profile: Profile,
        folder: Path | None = None,
        each_minute: Callable[["Monitor"], object] = lambda monitor: None,
    ) -> None:
        manifest, signature = predictor.manifest, predictor.signature
        self.profile = profile
        self.predictor = predictor
        known = known_categories(signature, manifest.known)
        labels = {output.name: output.labels for output in signature.outputs}
        self._inputs = {n: Counter(bins, known.get(n)) for n, bins in profile.inputs.items()}
        self._outputs = {n: Counter(bins, labels[n]) for n, bins in profile.outputs.items()}
        self._is_confident = (
            bool(profile.confidence)
            and manifest.expected_seconds(CONFIDENT_ROWS) <= CONFIDENT_SECONDS
        )
        width = sum(one.size for one in (*self._inputs.values(), *self._outputs.values()))
        width += CONFIDENT_NUMBERS * len(profile.confidence)
        described = json.dumps([manifest.version, asdict(profile)])
        self.windows = Windows(width, folder, hashlib.sha256(described.encode()).hexdigest()[:12])
        most = MAX_VALUES // max(1, len(self._inputs))
        self._most_rows = max(MIN_ROWS, min(MAX_ROWS, most))
        self._noted: list[Noted] = []
        self._random = np.random.default_rng()
        self._rows = 0  # of the noted calls
        self._is_due = False  # whether the event loop will count
        self._earliest = 0.0  # by perf_counter; the next count
        self._each_minute = each_minute
        self._minute_from = perf_counter()
        self._note_lock, self._count_lock = Lock(), Lock()  # the loop and its thread both predict

    def start(self) -> None:
        """Open the worker's counts, when it starts: not while it answers a request."""
        try:
            self.windows.open()
        except OSError as error:
            self._stop(error)

    def observe(self, columns: Mapping[str, Column], answer: Mapping[str, Any], rows: int) -> None:
        """Note the rows of one call of the model, and its answer."""
        if self._rows >= self._most_rows or len(self._noted) >= MAX_CALLS:
            return
        if rows > self._most_rows:
            columns, answer = self._some_rows(columns, answer, rows)
        with self._note_lock:
            self._noted.append((columns, answer))
            self._rows += rows
        if not self._is_due:
            self._schedule()

    def _some_rows(
        self, columns: Mapping[str, Column], answer: Mapping[str, Any], rows: int
    ) -> Noted:
        picked = self._random.integers(rows, size=self._most_rows)
        return (
            {name: columns[name][picked] for name in self.predictor.signature.names},
            {name: np.asarray(answer[name])[picked] for name in self._outputs},
        )

    def _schedule(self) -> None:
        wait = self._earliest - perf_counter()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop runs in this thread
            if wait <= 0:
                self.count()
            return
        self._is_due = True
        loop.call_later(max(wait, COUNT_SECONDS), self.count)

    def count(self) -> None:
        """Count the noted rows."""
        self._is_due = False
        if not self._count_lock.acquire(blocking=False):  # the other thread is counting
            return
        try:
            start = perf_counter()
            with self._note_lock:
                noted, self._noted, self._rows = self._noted, [], 0
            if noted:
                self.windows.add(self._counts(noted), time())
                self._call_each_minute()
            self._earliest = perf_counter() + (perf_counter() - start) / COST_SHARE
        except Exception as error:  # a prediction must not fail because it cannot be counted
            self._stop(error)
        finally:
            self._count_lock.release()

    def _stop(self, error: Exception) -> None:
        self._most_rows = 0
        reason = type(error).__name__  # its message may have a value
        log.warning("drift is not watched", extra={"fields": {"reason": reason}})

    def _call_each_minute(self) -> None:
        now = perf_counter()
        if now - self._minute_from >= LOG_SECONDS:
            self._minute_from = now
            if self.windows.is_first:
                self._each_minute(self)

    def _counts(self, noted: Sequence[Noted]) -> Numbers:
        names = self.predictor.signature.names
        columns = {name: np.concatenate([given[name] for given, _ in noted]) for name in names}
        found: list[NDArray[Any]] = [one.count(columns[n]) for n, one in self._inputs.items()]
        for name, counter in self._outputs.items():
            values = np.concatenate([np.asarray(answer[name]) for _, answer in noted])
            found.append(counter.count(values))
        found += self._confidence(columns)
        return np.concatenate(found).astype(np.float64)

    def _confidence(self, columns: Mapping[str, Column]) -> list[NDArray[Any]]:
        """Rows, sum and sum of squares of the highest probability of each output."""
        nothing = np.zeros(CONFIDENT_NUMBERS)
        few = {name: values[-CONFIDENT_ROWS:] for name, values in columns.items()}
        top: Mapping[str, Numbers] = {}
        if self._is_confident:
            try:
                answer = self.predictor.predict_arrays(few, confidence=True)
                top = highest(answer, self.predictor.signature)
            except (NotFiniteError, UnpredictableError):
                pass
        return [
            np.array([len(top[n]), top[n].sum(), (top[n] ** 2).sum()]) if n in top else nothing
            for n in self.profile.confidence
        ]
