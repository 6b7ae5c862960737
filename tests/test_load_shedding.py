"""How many queued entries are rejected under overload, and which."""

from collections import deque

import pytest

from service.scheduling.admission import RejectedError
from service.scheduling.jobs import Job, QueueEntry
from service.scheduling.load_shedding import LoadShedder

LIMIT = 0.1  # seconds that an entry may be queued


class Entry:
    """An entry that records its rejection."""

    def __init__(self, name: str, rejected: list[str]) -> None:
        self.name = name
        self.rejected = rejected

    def resolve(self) -> Job[str] | None:
        raise AssertionError("a rejection needs no job")

    def reject(self, error: RejectedError) -> None:
        assert error.reason == "busy"
        self.rejected.append(self.name)


def shedder(**overdue_at: float) -> tuple[LoadShedder[str], list[str]]:
    rejected: list[str] = []
    queue: deque[tuple[float, QueueEntry[str]]] = deque(
        (when, Entry(name, rejected)) for name, when in overdue_at.items()
    )
    return LoadShedder(queue, LIMIT), rejected


@pytest.mark.parametrize(
    ("predictions", "rejections"), [(0, 1), (3, 1), (4, 2), (7, 2), (8, 3), (40, 11)]
)
def test_one_overdue_entry_is_rejected_and_one_more_for_four_predictions(
    predictions: int, rejections: int
) -> None:
    own, rejected = shedder(**{f"entry {number}": 1.0 for number in range(100)})
    own.reject_some(1.05, predictions)
    assert rejected == [f"entry {number}" for number in range(rejections)]
    assert len(own.queue) == 100 - rejections


def test_an_entry_that_is_not_overdue_is_not_rejected() -> None:
    own, rejected = shedder(overdue=1.0, early=1.1)
    own.reject_some(1.05, 100)
    assert rejected == ["overdue"]
    assert [entry.name for _, entry in own.queue] == ["early"]  # type: ignore[attr-defined]


def test_an_entry_queued_for_twice_the_limit_leaves_the_queue_and_is_rejected_first() -> None:
    own, rejected = shedder(first=1.0, second=1.1, third=1.15)
    own.remove_expired(1.0 + LIMIT)
    assert len(own.queue) == 3
    assert not own.has_work
    own.remove_expired(1.01 + LIMIT)
    assert len(own.queue) == 2
    assert own.has_work
    own.reject_some(1.11, 0)
    assert rejected == ["first"]
    assert not own.has_work
