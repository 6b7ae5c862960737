"""Runs quick predictions on the event loop itself, several at a time.

While the queue is empty, a prediction runs as soon as its request is read. Under load the batcher
takes turns with the loop: the loop reads, accepts and answers other connections for a few rounds,
then the batcher predicts for a short time, then the loop has its rounds again. Predictions that
run one after the other take less time than the same predictions in turns with the loop's other
work, and they may share a call of the model.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Generic, TypeVar

from service.scheduling.batching import MAX_BATCH_SLOWDOWN, Batcher
from service.scheduling.jobs import Batch, Job, QueueEntry
from service.scheduling.load_shedding import LoadShedder

Request = TypeVar("Request")
Response = TypeVar("Response")

# A new connection needs five rounds of the loop: to accept, open, watch, read and answer it.
LOOP_ROUNDS_BETWEEN_BATCHES = 5
# How long the batcher predicts between two such pauses: a share of what the pause took, within
# these limits.
COMPUTE_SHARE = 0.25
MIN_COMPUTE_SECONDS, MAX_COMPUTE_SECONDS = 0.0015, 0.01
JOB_SECONDS = 0.0001  # of a job besides the model's own time: to read the body, to write the log


class InlineBatcher(Batcher[Request], Generic[Request, Response]):
    """One per worker.

    `run` answers one job. `prepare_batch` is called before the jobs of a batch are run, to make
    their predictions by one call of the model.
    """

    def __init__(
        self,
        max_queue_seconds: float,
        expected_seconds: Callable[[int], float],
        max_batch_bytes: int,
        run: Callable[[Job[Request]], Response],
        prepare_batch: Callable[[Sequence[Job[Request]]], object],
    ) -> None:
        super().__init__(max_queue_seconds, expected_seconds, max_batch_bytes)
        self.run = run
        self.prepare_batch = prepare_batch
        # Each entry stands with the time from which on it is overdue.
        self._queue: deque[tuple[float, QueueEntry[Request]]] = deque()
        self._shedder = LoadShedder(self._queue, max_queue_seconds)
        self._compute_until = 0.0  # by perf_counter; then the loop has its rounds
        self._is_paused = False  # for the rounds of the loop

    async def submit(self, job: Job[Request]) -> Response:
        """The response to a job, which runs at once or is queued.

        RejectedError if it is queued for too long, or its deadline has passed. A job is never
        rejected before that, even where it is certain to be: its client would retry at once.
        """
        now = perf_counter()
        if not self._is_paused:
            self._compute_until = now + MIN_COMPUTE_SECONDS
            self._pause()
        if not self._queue and now < self._compute_until:
            job.start()
            return self.run(job)
        result: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        job.result = result
        self._queue.append((now + self.max_queue_seconds, job))
        return await result

    def enqueue(self, entry: QueueEntry[Request]) -> None:
        """Queue an entry that delivers its response by itself.

        While there is no load, it runs at the end of the loop's round, with others of that round.
        """
        self._queue.append((perf_counter() + self.max_queue_seconds, entry))
        if not self._is_paused:
            self._pause(1)

    def _pause(self, rounds: int = LOOP_ROUNDS_BETWEEN_BATCHES) -> None:
        """Let the loop do its other work for some rounds, then predict."""
        self._is_paused = rounds > 0
        if rounds:
            asyncio.get_running_loop().call_soon(self._pause, rounds - 1)
        else:
            self._compute()

    def _compute(self) -> None:
        """Predict for a short time, then reject some overdue entries."""
        now = perf_counter()
        seconds = max(MIN_COMPUTE_SECONDS, COMPUTE_SHARE * (now - self._compute_until))
        self._compute_until = now + min(seconds, MAX_COMPUTE_SECONDS)
        self._shedder.remove_expired(now)
        predictions = 0
        while self._queue and perf_counter() < self._compute_until:
            batch = self._next_batch()
            self._run_batch(batch)
            predictions += len(batch.jobs)
        self._shedder.reject_some(now, predictions)
        if self._queue or self._shedder.has_work:
            self._pause()

    def _next_batch(self) -> Batch[Request]:
        """Take the first job from the queue, and all behind it that may share its call."""
        batch: Batch[Request] = Batch()  # Batch[Request]() would take 1 µs more
        while self._queue:
            if job := self._queue[0][1].resolve():
                if not self._may_join(batch, job):
                    break
                batch.add(job)
            self._queue.popleft()
        return batch

    def _is_worthwhile(self, batch: Batch[Request], job: Job[Request], size_bytes: int) -> bool:
        """Whether the batch stays short, on its own or beside its first job alone."""
        alone = self.expected_seconds(batch.jobs[0].size_bytes)
        seconds = self.expected_seconds(size_bytes) + (len(batch.jobs) + 1) * JOB_SECONDS
        return seconds <= max(MIN_COMPUTE_SECONDS, MAX_BATCH_SLOWDOWN * alone)

    def _run_batch(self, batch: Batch[Request]) -> None:
        if len(batch.jobs) > 1:
            self.prepare_batch(batch.jobs)
        for job in batch.jobs:
            try:
                job.result.set_result(self.run(job))
            except Exception as error:
                job.result.set_exception(error)
