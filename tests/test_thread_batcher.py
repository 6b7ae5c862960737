"""Slow predictions in a thread: which jobs share a call of the model, and which are not run."""

import asyncio
from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import pytest

from service.scheduling.admission import RejectedError
from service.scheduling.jobs import Job
from service.scheduling.thread_batcher import ThreadBatcher
from tests.support.asgi import run

ANSWER = "answer"
MAX_BYTES = 1000
FLAT, STEEP = 1e-6, 1e-3  # seconds for each byte


@dataclass(slots=True)
class Thread:
    """The batches that were started; `end` ends the running one."""

    begun: list[list[str]] = field(default_factory=list)
    running: list[Future[str]] = field(default_factory=list)

    def start_jobs(self, batch: Sequence[Job[str]]) -> Sequence[Future[str]]:
        assert not self.running, "one call at a time"
        self.begun.append([job.request for job in batch])
        self.running = [asyncio.get_running_loop().create_future() for _ in batch]
        return self.running

    async def end(self) -> None:
        running, self.running = self.running, []
        for one in running:
            one.set_result(ANSWER)
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@dataclass(slots=True)
class Scene:
    """A batcher for a model that takes 10 ms, and so much more for each byte."""

    each: float = FLAT
    thread: Thread = field(default_factory=Thread)
    batcher: ThreadBatcher[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.batcher = ThreadBatcher(
            10.0, lambda n: 0.01 + n * self.each, MAX_BYTES, self.thread.start_jobs
        )

    async def come(
        self, name: str, size: int = 10, batchable: bool = True, late: bool = False
    ) -> asyncio.Task[str]:
        now = perf_counter()
        job = Job(name, size, batchable, now, now - 1 if late else now + 1000)
        task = asyncio.create_task(self.batcher.submit(job))
        await settle()
        return task


async def begun(
    *others: tuple[str, int], each: float = FLAT, alone: str = "", first: int = 10
) -> list[list[str]]:
    """The calls that are made if these jobs arrive while another runs; those in `alone` cannot
    share one."""
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
        ([("a", 10), ("b", 1000), ("c", 10)], [["0"], ["a", "c"], ["b"]]),  # over MAX_BYTES
    ],
)
def test_queued_jobs_share_a_call_in_their_order(
    others: list[tuple[str, int]], calls: list[list[str]]
) -> None:
    assert run(begun(*others)) == calls


def test_a_job_that_is_not_batchable_runs_alone_and_delays_no_others() -> None:
    others = [("a", 10), ("x", 10), ("b", 10), ("y", 10)]
    assert run(begun(*others, alone="xy")) == [["0"], ["a", "b"], ["x"], ["y"]]


def test_no_job_joins_where_the_time_grows_with_the_rows() -> None:
    """10 bytes take 10 ms of 20: joining would save half, but each job has a cost of its own."""
    assert run(begun(("a", 10), ("b", 10), each=STEEP)) == [["0"], ["a"], ["b"]]


def test_a_batch_takes_at_most_twice_as_long_as_its_first_job_alone() -> None:
    """The first takes 10 ms; fifty jobs of 0.2 ms take as much again."""
    others = [(f"{number}", 1) for number in range(1, 100)]
    _, group, *_ = run(begun(*others, each=0.0))
    assert len(group) == 51


def test_a_job_whose_client_has_left_is_not_run() -> None:
    async def scene() -> list[list[str]]:
        own = Scene()
        await own.come("0")
        [a, *_] = [await own.come(name) for name in "abc"]
        a.cancel()
        await settle()
        await own.thread.end()
        return own.thread.begun

    assert run(scene()) == [["0"], ["b", "c"]]


def test_a_client_that_leaves_just_as_the_thread_is_free_delays_no_others() -> None:
    async def scene() -> None:
        own = Scene()
        await own.come("0")
        a, b = await own.come("a"), await own.come("b")
        ending = asyncio.create_task(own.thread.end())
        await asyncio.sleep(0)  # the thread is free, and no batch has been started
        a.cancel()
        await ending
        assert own.thread.begun == [["0"], ["b"]]
        await own.thread.end()
        assert b.result() is ANSWER

    run(scene())


def test_a_client_that_leaves_within_a_batch_takes_nothing_from_the_others() -> None:
    async def scene() -> None:
        own = Scene()
        await own.come("0")
        a, b = await own.come("a"), await own.come("b")
        await own.thread.end()
        a.cancel()
        await settle()
        c = await own.come("c")
        assert own.thread.begun == [["0"], ["a", "b"]], "the thread is not free"
        await own.thread.end()
        assert b.result() is ANSWER
        await own.thread.end()
        assert c.result() is ANSWER

    run(scene())


def test_a_job_whose_deadline_has_passed_is_rejected_and_the_others_are_run() -> None:
    async def scene() -> None:
        own = Scene()
        await own.come("0")
        a, b = await own.come("a", late=True), await own.come("b")
        await own.thread.end()
        assert own.thread.begun == [["0"], ["b"]]
        with pytest.raises(RejectedError) as rejected:
            a.result()
        assert rejected.value.reason == "deadline"
        await own.thread.end()
        assert b.result() is ANSWER

    run(scene())
