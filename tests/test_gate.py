"""The gate: who shares a call with whom, by what it costs; who leaves is not computed for."""

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from wsgiref.types import WSGIEnvironment

import pytest

from service.scheduling.admission import RefusedError
from service.scheduling.jobs import Waiting
from service.scheduling.thread_batcher import Gate
from service.server.wsgi import Answer
from tests.asgi import run

ANSWER: Answer = (200, [], b"")
MOST_BYTES = 1000
FLAT, STEEP = 1e-6, 1e-3  # seconds for each byte


@dataclass(slots=True)
class Thread:
    """What has been begun, batch by batch; it ends when it is told to."""

    begun: list[list[str]] = field(default_factory=list)
    running: list[Future[Answer]] = field(default_factory=list)

    def compute(self, environs: Sequence[WSGIEnvironment]) -> Sequence[Future[Answer]]:
        assert not self.running, "one call at a time"
        self.begun.append([environ["name"] for environ in environs])
        self.running = [asyncio.get_running_loop().create_future() for _ in environs]
        return self.running

    async def end(self) -> None:
        running, self.running = self.running, []
        for one in running:
            one.set_result(ANSWER)
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def late() -> None:
    raise RefusedError(504, "too late")


@dataclass(slots=True)
class Scene:
    """A gate for a model that takes 10 ms, and so much more for each byte."""

    each: float = FLAT
    thread: Thread = field(default_factory=Thread)
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(10.0, lambda n: 0.01 + n * self.each, MOST_BYTES, self.thread.compute)

    async def come(
        self, name: str, size: int = 10, shares: bool = True, check: Callable[[], object] = bool
    ) -> asyncio.Task[Answer]:
        waiting = Waiting({"name": name}, size, shares, check)
        task = asyncio.create_task(self.gate.turn(waiting))
        await settle()
        return task


async def begun(
    *others: tuple[str, int], each: float = FLAT, alone: str = "", first: int = 10
) -> list[list[str]]:
    """Which calls are made when these come while another computes; `alone` share with nobody."""
    scene = Scene(each)
    tasks = [await scene.come("0", first)]
    tasks += [await scene.come(name, size, name not in alone) for name, size in others]
    while scene.thread.running:
        await scene.thread.end()
    assert all(task.result() is ANSWER for task in tasks)
    return scene.thread.begun


@pytest.mark.parametrize(
    ("others", "calls"),
    [
        ([("a", 10), ("b", 10), ("c", 10)], [["0"], ["a", "b", "c"]]),
        ([("a", 10), ("b", 1000), ("c", 10)], [["0"], ["a", "c"], ["b"]]),  # over MOST_BYTES
    ],
)
def test_all_who_wait_go_in_together_in_order(
    others: list[tuple[str, int]], calls: list[list[str]]
) -> None:
    assert run(begun(*others)) == calls


def test_who_cannot_share_goes_in_alone_and_holds_up_nobody_else() -> None:
    others = [("a", 10), ("x", 10), ("b", 10), ("y", 10)]
    assert run(begun(*others, alone="xy")) == [["0"], ["a", "b"], ["x"], ["y"]]


def test_nobody_shares_where_the_time_goes_with_the_rows() -> None:
    """10 bytes take 10 ms of 20: half of what each would save."""
    assert run(begun(("a", 10), ("b", 10), each=STEEP)) == [["0"], ["a"], ["b"]]


def test_the_first_does_not_take_over_twice_as_long() -> None:
    """It takes 10 ms; with the fixed cost of each, fifty would take as much again."""
    others = [(f"{number}", 1) for number in range(1, 100)]
    _, group, *_ = run(begun(*others, each=0.0))
    assert 30 < len(group) <= 51


def test_who_has_left_is_not_computed_for() -> None:
    async def scene() -> list[list[str]]:
        own = Scene()
        await own.come("0")
        [a, *_] = [await own.come(name) for name in "abc"]
        a.cancel()
        await settle()
        await own.thread.end()
        return own.thread.begun

    assert run(scene()) == [["0"], ["b", "c"]]


def test_one_who_leaves_just_as_the_gate_opens_holds_nobody_up() -> None:
    async def scene() -> None:
        own = Scene()
        await own.come("0")
        a, b = await own.come("a"), await own.come("b")
        ending = asyncio.create_task(own.thread.end())
        await asyncio.sleep(0)  # the thread is done, and the gate has not been told
        a.cancel()
        await ending
        assert own.thread.begun == [["0"], ["b"]]
        await own.thread.end()
        assert b.result() is ANSWER

    run(scene())


def test_one_who_leaves_while_it_shares_a_call_takes_nothing_from_the_others() -> None:
    async def scene() -> None:
        own = Scene()
        await own.come("0")
        a, b = await own.come("a"), await own.come("b")
        await own.thread.end()
        a.cancel()
        await settle()
        c = await own.come("c")
        assert own.thread.begun == [["0"], ["a", "b"]], "the gate is shut until the thread is done"
        await own.thread.end()
        assert b.result() is ANSWER
        await own.thread.end()
        assert c.result() is ANSWER

    run(scene())


def test_one_who_comes_too_late_is_refused_and_the_others_are_not() -> None:
    async def scene() -> None:
        own = Scene()
        await own.come("0")
        a, b = await own.come("a", check=late), await own.come("b")
        await own.thread.end()
        assert own.thread.begun == [["0"], ["b"]]
        with pytest.raises(RefusedError) as refused:
            a.result()
        assert refused.value.status == 504
        await own.thread.end()
        assert b.result() is ANSWER

    run(scene())
