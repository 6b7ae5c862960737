"""The line of quick predictions: who shares a call, who is refused, and what comes in between."""

import asyncio
import time
from collections.abc import Callable, Sequence
from wsgiref.types import WSGIEnvironment

import pytest

from service.scheduling.admission import RefusedError
from service.scheduling.inline_batcher import EACH_SECONDS, LEAST_SECONDS, LOOKS, REFUSALS, Line
from service.scheduling.jobs import Waiting
from service.server.wsgi import Answer
from tests.asgi import run

ANSWER: Answer = (200, [], b"")
MOST_BYTES = 1000


class Scene:
    """A line for requests of which each takes as long as the line computes at a stretch."""

    def __init__(self, wait_seconds: float = 10.0, seconds: float = 0.0) -> None:
        self.told: list[str] = []
        self.shared: list[list[str]] = []
        self.line = Line(wait_seconds, lambda size: seconds, MOST_BYTES, self.answer, self.share)

    def answer(self, environ: WSGIEnvironment) -> Answer:
        if not self.shared or environ["name"] not in self.shared[-1]:
            time.sleep(LEAST_SECONDS)
        if environ["name"] == "broken":
            raise ValueError("broken")
        self.told.append(environ["name"])
        return ANSWER

    def share(self, environs: Sequence[WSGIEnvironment]) -> None:
        self.shared.append([environ["name"] for environ in environs])

    def come(
        self, name: str, size: int = 1, shares: bool = False, check: Callable[[], object] = bool
    ) -> asyncio.Task[Answer]:
        one = Waiting({"name": name}, size, shares, check)
        return asyncio.create_task(self.line.turn(one))


def test_whoever_fails_in_line_holds_nobody_up() -> None:
    async def scene() -> None:
        own = Scene()
        tasks = [own.come(name) for name in ("a", "broken", "c")]
        await asyncio.wait(tasks)
        assert own.told == ["a", "c"]
        assert isinstance(tasks[1].exception(), ValueError)

    run(scene())


def test_one_whose_deadline_passed_in_line_is_told_and_not_computed() -> None:
    def late() -> None:
        raise RefusedError(504, "too late")

    async def scene() -> None:
        own = Scene()
        tasks = [own.come("a"), own.come("b", check=late), own.come("c")]
        await asyncio.wait(tasks)
        assert own.told == ["a", "c"]
        with pytest.raises(RefusedError) as refused:
            tasks[1].result()
        assert refused.value.status == 504

    run(scene())


async def shared(
    *others: tuple[str, int], alone: str = "", seconds: float = 0.0
) -> list[list[str]]:
    """Who shares a call of so many seconds when these come while the first is being computed."""
    own = Scene(seconds=seconds)
    tasks = [own.come("0")]
    tasks += [own.come(name, size, name not in alone) for name, size in others]
    await asyncio.wait(tasks)
    assert own.told == ["0", *(name for name, _ in others)], "in their order"
    return own.shared


def test_those_who_wait_together_share_a_call_in_their_order() -> None:
    assert run(shared(("a", 10), ("b", 10), ("c", 10))) == [["a", "b", "c"]]


def test_a_shared_call_has_no_more_bytes_than_one_request_may_have() -> None:
    others = [("a", 10), ("b", MOST_BYTES), ("c", 10), ("d", 10)]
    assert run(shared(*others)) == [["c", "d"]]


def test_who_cannot_share_is_computed_alone_in_its_place() -> None:
    others = [("a", 10), ("b", 10), ("x", 10), ("c", 10), ("d", 10)]
    assert run(shared(*others, alone="x")) == [["a", "b"], ["c", "d"]]


def test_a_shared_call_is_short() -> None:
    group, *_ = run(shared(*((f"{number}", 1) for number in range(1, 50))))
    assert 2 <= len(group) <= LEAST_SECONDS / EACH_SECONDS


def test_calls_that_take_as_long_alone_are_shared_while_they_take_twice_that() -> None:
    group, *_ = run(shared(*((f"{number}", 1) for number in range(1, 50)), seconds=0.0019))
    assert 2 <= len(group) <= 0.0019 / EACH_SECONDS


def test_a_new_connection_is_opened_read_and_answered_before_more_is_computed() -> None:
    async def scene() -> None:
        own = Scene()
        line = [own.come(str(number)) for number in range(20)]
        while len(own.told) < 2:
            await asyncio.sleep(0)
        before = len(own.told)
        for _ in range(LOOKS - 1):
            await asyncio.sleep(0)
        assert len(own.told) <= before + 1
        await asyncio.wait(line)

    run(scene())


async def late_by(seconds: float, wait: float) -> list[tuple[str, bool]]:
    """Who is told, in this order, and whether it is served: 20 come late, then 8 others come."""
    own, told = Scene(wait_seconds=wait), []

    async def come(name: str) -> None:
        try:
            await own.come(name)
        except RefusedError:
            told.append((name, False))
        else:
            told.append((name, True))

    tasks = [asyncio.create_task(come("first"))]
    while not own.told:
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(come("late")) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    time.sleep(seconds)
    tasks += [asyncio.create_task(come("new")) for _ in range(8)]
    await asyncio.wait(tasks)
    return told[1:]


def test_some_who_are_late_are_refused_and_the_others_served_in_their_place() -> None:
    told = run(late_by(0.35, wait=0.3))
    assert [name for name, _ in told] == ["late"] * 20 + ["new"] * 8
    served = sum(is_served for name, is_served in told if name == "late")
    assert 20 / (2 + REFUSALS) - 1 <= served < 20
    assert all(is_served for name, is_served in told if name == "new")


def test_who_is_very_late_is_only_refused_and_keeps_nobody_from_a_turn() -> None:
    told = run(late_by(0.11, wait=0.05))
    assert {is_served for name, is_served in told if name == "late"} == {False}
    assert {is_served for name, is_served in told if name == "new"} == {True}
    last = len(told) - [is_served for _, is_served in told][::-1].index(True)
    assert [name for name, _ in told[:last]].count("late") <= 8 * (1 + REFUSALS) + 4
