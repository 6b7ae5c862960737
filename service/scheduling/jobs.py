"""A prediction that waits in a queue, and a batch of them that share one call of the model."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

from service.scheduling.admission import RejectedError, deadline_passed

Request = TypeVar("Request")


class Result(Protocol):
    """Where the result of a job goes: the part of asyncio.Future that the batchers use."""

    def done(self) -> bool:
        """Whether there is a result already, or the client has left."""

    def set_result(self, result: Any, /) -> None:
        """Deliver the result."""

    def set_exception(self, exception: Exception, /) -> None:
        """Deliver an error instead: RejectedError if the job was not run."""


@dataclass(eq=False, slots=True)
class Job(Generic[Request]):
    """One request, the size of its body, and the latest time at which it may start.

    `created` and `deadline` are times of `perf_counter`. `is_batchable` is whether the request
    may share a call of the model with others.
    """

    request: Request
    size_bytes: int
    is_batchable: bool
    created: float
    deadline: float
    result: Result = field(init=False)  # set when the job is queued
    queue_seconds: float = field(init=False)  # set by `start`

    def start(self) -> None:
        """Record how long the job was queued; RejectedError if its deadline has passed."""
        now = perf_counter()
        self.queue_seconds = now - self.created
        if now > self.deadline:
            raise deadline_passed(self.queue_seconds)

    def resolve(self) -> "Job[Request] | None":
        """The job itself; None if its client has left."""
        return None if self.result.done() else self

    def reject(self, error: RejectedError) -> None:
        """Deliver a rejection, unless there is a result or the client has left."""
        if not self.result.done():
            self.result.set_exception(error)


class QueueEntry(Protocol[Request]):
    """What stands in a queue: a job, or a request that becomes a job when it is scheduled."""

    def resolve(self) -> Job[Request] | None:
        """The job; None if its client has left, or the request needs another way."""

    def reject(self, error: RejectedError) -> None:
        """Deliver a rejection, unless the client has left."""


@dataclass(slots=True)
class Batch(Generic[Request]):
    """Jobs that share one call of the model, and the size of all their bodies."""

    jobs: list[Job[Request]] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, job: Job[Request]) -> None:
        """Start a job and add it; reject it instead if its deadline has passed."""
        try:
            job.start()
        except RejectedError as error:
            job.reject(error)
        else:
            self.jobs.append(job)
            self.size_bytes += job.size_bytes
