"""How many queued jobs are rejected under overload, and which.

A job is overdue once it has been queued for the limit. Rejecting all overdue jobs at once would
leave no time for predictions: a rejection costs nearly as much as a prediction, and a rejected
client retries at once. So only some are rejected, and the others stay in the queue and may still
be predicted. A job that has been queued for twice the limit leaves the queue: it will only be
rejected, and no longer delays those behind it.
"""

from collections import deque
from typing import Generic, TypeVar

from service.scheduling.admission import overloaded
from service.scheduling.jobs import QueueEntry

Request = TypeVar("Request")

REJECTIONS_PER_PREDICTION = 0.25  # and one more in each round, so that all are answered in the end


class LoadShedder(Generic[Request]):
    """Rejects overdue entries of `queue`, in which each stands with the time when it is overdue."""

    def __init__(
        self, queue: deque[tuple[float, QueueEntry[Request]]], max_queue_seconds: float
    ) -> None:
        self.queue = queue
        self.max_queue_seconds = max_queue_seconds
        self._only_to_reject: deque[QueueEntry[Request]] = deque()

    @property
    def has_work(self) -> bool:
        """Whether entries that have left the queue still wait for their rejection."""
        return bool(self._only_to_reject)

    def remove_expired(self, now: float) -> None:
        """Take entries from the queue that have been in it for twice the limit."""
        while self.queue and self.queue[0][0] < now - self.max_queue_seconds:
            self._only_to_reject.append(self.queue.popleft()[1])

    def reject_some(self, now: float, predictions: int) -> None:
        """Reject as many entries as so many predictions allow, those first that came first."""
        for _ in range(int(1 + predictions * REJECTIONS_PER_PREDICTION)):
            if self._only_to_reject:
                self._only_to_reject.popleft().reject(overloaded())
            elif self.queue and self.queue[0][0] < now:
                self.queue.popleft()[1].reject(overloaded())
