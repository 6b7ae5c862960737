"""Runs slow predictions in a thread beside the event loop, one call of the model at a time.

While the thread is free, a job starts at once, alone. While it computes, jobs are queued; when it
is done, the first of them starts, together with all that make the call little longer.
"""

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from service.scheduling.admission import overloaded
from service.scheduling.batching import MAX_BATCH_SLOWDOWN, Batcher
from service.scheduling.jobs import Batch, Job

Request = TypeVar("Request")
Response = TypeVar("Response")

JOB_SECONDS = 0.0002  # of a job besides the model's own time, in a thread beside the loop
MIN_BATCH_SPEEDUP = 2.0  # a job joins a batch if that is this many times cheaper than to run alone


class ThreadBatcher(Batcher[Request], Generic[Request, Response]):
    """One per worker. `start_jobs` hands jobs to the thread, which answers them in this order."""

    def __init__(
        self,
        max_queue_seconds: float,
        expected_seconds: Callable[[int], float],
        max_batch_bytes: int,
        start_jobs: Callable[[Sequence[Job[Request]]], Sequence[Future[Response]]],
    ) -> None:
        super().__init__(max_queue_seconds, expected_seconds, max_batch_bytes)
        self.start_jobs = start_jobs
        self._queue: list[Job[Request]] = []
        self._is_free = True

    async def submit(self, job: Job[Request]) -> Response:
        """The response to a job; RejectedError if it is queued for too long.

        The thread cannot be interrupted: it is free when its call is done, not when a client
        leaves.
        """
        loop = asyncio.get_running_loop()
        started: Future[Future[Response]] = loop.create_future()
        job.result = started
        self._queue.append(job)
        timer = loop.call_later(self.max_queue_seconds, job.reject, overloaded())
        try:
            if self._is_free:
                self._start_batch()
            response = await started
        finally:
            timer.cancel()
            self._queue.remove(job)
        return await asyncio.shield(response)

    def _start_batch(self) -> None:
        self._is_free = True
        if jobs := self._next_batch().jobs:
            responses = self.start_jobs(jobs)
            self._is_free = False
            responses[-1].add_done_callback(lambda _: self._start_batch())
            for job, response in zip(jobs, responses, strict=True):
                job.result.set_result(response)

    def _next_batch(self) -> Batch[Request]:
        """The first job in the queue, and all others that may share its call."""
        batch = Batch[Request]()
        for job in self._queue:
            if job.resolve() and self._may_join(batch, job):
                batch.add(job)
        return batch

    def _is_worthwhile(self, batch: Batch[Request], job: Job[Request], size_bytes: int) -> bool:
        """Whether the call stays short for its first job, and the job saves time by joining."""
        seconds = self.expected_seconds(size_bytes)
        added_seconds = seconds - self.expected_seconds(batch.size_bytes) + JOB_SECONDS
        alone = self.expected_seconds(batch.jobs[0].size_bytes)
        return (
            seconds + len(batch.jobs) * JOB_SECONDS <= MAX_BATCH_SLOWDOWN * alone
            and added_seconds * MIN_BATCH_SPEEDUP <= self.expected_seconds(job.size_bytes)
        )
