"""What both batchers share: their limits, and which jobs may run together."""

from collections.abc import Callable
from typing import Generic, TypeVar

from service.scheduling.jobs import Batch, Job

Request = TypeVar("Request")

MAX_BATCH_SLOWDOWN = 2.0  # a batch may take this many times as long as its first job alone


class Batcher(Generic[Request]):
    """A queue of jobs that run in batches.

    A job may be rejected once it has been queued for `max_queue_seconds`. `expected_seconds` is the
    time of a call of the model for bodies of so many bytes; a batch has `max_batch_bytes` at most.
    """

    def __init__(
        self,
        max_queue_seconds: float,
        expected_seconds: Callable[[int], float],
        max_batch_bytes: int,
    ) -> None:
        self.max_queue_seconds = max_queue_seconds
        self.expected_seconds = expected_seconds
        self.max_batch_bytes = max_batch_bytes

    def _may_join(self, batch: Batch[Request], job: Job[Request]) -> bool:
        """Whether a job may run in this batch; any job may be the first."""
        if not batch.jobs:
            return True
        size_bytes = batch.size_bytes + job.size_bytes
        return (
            batch.jobs[0].is_batchable
            and job.is_batchable
            and size_bytes <= self.max_batch_bytes
            and self._is_worthwhile(batch, job, size_bytes)
        )

    def _is_worthwhile(self, batch: Batch[Request], job: Job[Request], size_bytes: int) -> bool:
        """Whether a batch that grows to `size_bytes` by this job costs little enough."""
        raise NotImplementedError
