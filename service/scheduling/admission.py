"""Why a job is rejected: the queue is too long, or the client's deadline has passed.

Without rejections, latency grows without bound under overload, health checks are answered late,
and the load balancer stops a task that is only busy.
"""

from typing import Literal

Reason = Literal["busy", "deadline"]


class RejectedError(Exception):
    """A job that was not run. `queue_seconds` is how long it waited, where that was measured."""

    def __init__(self, reason: Reason, queue_seconds: float | None = None) -> None:
        super().__init__(reason, queue_seconds)
        self.reason: Reason = reason
        self.queue_seconds = queue_seconds


def overloaded() -> RejectedError:
    """The rejection of a job that has been queued for too long."""
    return RejectedError("busy")


def deadline_passed(queue_seconds: float) -> RejectedError:
    """The rejection of a job whose client no longer waits for the result."""
    return RejectedError("deadline", queue_seconds)
