"""Quick predictions on the event loop: what shares a call, and how loop and batcher take turns.

The clock is the test's own, so that the tests hold the numbers on any machine.
"""

import asyncio
from collections.abc import Sequence

import pytest

from service.scheduling import inline_batcher, jobs
from service.scheduling.admission import RejectedError
from service.scheduling.inline_batcher import InlineBatcher
from service.scheduling.jobs import Batch, Job
from tests.support.asgi import run

MAX_BYTES = 1000
STEP = 0.0015  # seconds of one prediction: as long as the batcher computes at a stretch, at least


class Clock:
    """A clock that moves only when a prediction, or the test, lets time pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (inline_batcher, jobs):
        monkeypatch.setattr(module, "perf_counter", clock)
    return clock


class Scene:
    """A batcher for jobs that have a name; each takes STEP, together with others in its batch."""

    def __init__(
        self, clock: Clock, seconds: float = 0.0, wait: float = 10.0, step: float = STEP
    ) -> None:
        self.clock = clock
        self.step = step
        self.answered: list[str] = []
        self.batches: list[list[str]] = []
        self.batcher: InlineBatcher[str, str] = InlineBatcher(
            wait, lambda size: seconds, MAX_BYTES, self.run, self.prepare
        )

    def run(self, job: Job[str]) -> str:
        if not self.batches or job.request not in self.batches[-1]:
            self.clock.now += self.step
        if job.request == "broken":
            raise ValueError("broken")
        self.answered.append(job.request)
        return job.request

    def prepare(self, batch: Sequence[Job[str]]) -> None:
        self.batches.append([job.request for job in batch])
        self.clock.now += self.step

    def submit(
        self, name: str, size: int = 1, batchable: bool = False, late: bool = False
    ) -> asyncio.Task[str]:
        now = self.clock.now
        job = Job(name, size, batchable, now, now - 1 if late else now + 1000)
        return asyncio.create_task(self.batcher.submit(job))


def test_a_job_that_fails_does_not_stop_those_behind_it(clock: Clock) -> None:
    async def scene() -> None:
        own = Scene(clock)
        tasks = [own.submit(name) for name in ("a", "broken", "c")]
        await asyncio.wait(tasks)
        assert own.answered == ["a", "c"]
        assert isinstance(tasks[1].exception(), ValueError)

    run(scene())


def test_a_job_whose_deadline_has_passed_is_rejected_and_not_run(clock: Clock) -> None:
    async def scene() -> None:
        own = Scene(clock)
        tasks = [own.submit("a"), own.submit("b", late=True), own.submit("c")]
        await asyncio.wait(tasks)
        assert own.answered == ["a", "c"]
        with pytest.raises(RejectedError) as rejected:
            tasks[1].result()
        assert rejected.value.reason == "deadline"
        assert rejected.value.queue_seconds == pytest.approx(STEP)

    run(scene())


async def batches(
    clock: Clock, *others: tuple[str, int], alone: str = "", seconds: float = 0.0
) -> list[list[str]]:
    """The batches of jobs that arrive while the first one runs; a call takes so many seconds."""
    own = Scene(clock, seconds)
    tasks = [own.submit("0")]
    tasks += [own.submit(name, size, name not in alone) for name, size in others]
    await asyncio.wait(tasks)
    assert own.answered == ["0", *(name for name, _ in others)], "in their order"
    return own.batches


def test_queued_jobs_share_a_call_in_their_order(clock: Clock) -> None:
    assert run(batches(clock, ("a", 10), ("b", 10), ("c", 10))) == [["a", "b", "c"]]


def test_a_batch_has_no_more_bytes_than_one_request_may_have(clock: Clock) -> None:
    others = [("a", 10), ("b", MAX_BYTES), ("c", 10), ("d", 10)]
    assert run(batches(clock, *others)) == [["c", "d"]]


def test_a_job_that_is_not_batchable_runs_alone_in_its_place(clock: Clock) -> None:
    others = [("a", 10), ("b", 10), ("x", 10), ("c", 10), ("d", 10)]
    assert run(batches(clock, *others, alone="x")) == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize(
    ("seconds", "jobs_in_a_batch"),
    [
        (0.0, 15),  # 15 jobs of 0.1 ms are 1.5 ms
        (0.00149, 14),  # 1.49 + 14 * 0.1 ms are within twice 1.49 ms
        (0.0019, 19),  # 1.9 + 19 * 0.1 ms are twice 1.9 ms
    ],
)
def test_a_batch_is_short_on_its_own_or_beside_its_first_job(
    clock: Clock, seconds: float, jobs_in_a_batch: int
) -> None:
    others = [(str(number), 1) for number in range(1, 50)]
    first, *_ = run(batches(clock, *others, seconds=seconds))
    assert len(first) == jobs_in_a_batch


def test_the_loop_has_five_rounds_between_two_batches(clock: Clock) -> None:
    """To accept a connection, open it, watch it, read it and answer it."""

    async def scene() -> None:
        own = Scene(clock)
        tasks = [own.submit(str(number)) for number in range(20)]
        seen = []
        while len(own.answered) < 5:
            await asyncio.sleep(0)
            seen.append(len(own.answered))
        assert [seen.count(number) for number in (2, 3, 4)] == [5, 5, 5]
        await asyncio.wait(tasks)

    run(scene())


@pytest.mark.parametrize(
    ("pause_ms", "predictions"),
    [(0, 2), (4, 2), (20, 5), (1000, 9)],  # a quarter of it, at least 1.5 ms, at most 10 ms
)
def test_the_batcher_computes_for_a_quarter_of_the_pause(
    clock: Clock, pause_ms: int, predictions: int
) -> None:
    async def scene() -> int:
        own = Scene(clock, step=0.0012)
        tasks = [own.submit(str(number)) for number in range(40)]
        while len(own.answered) < 2:  # as many as 1.5 ms allow, at once
            await asyncio.sleep(0)
        # The pause begins where the batcher was to end.
        clock.now = own.batcher._compute_until + pause_ms / 1000
        while len(own.answered) == 2:
            await asyncio.sleep(0)
        computed = len(own.answered) - 2
        await asyncio.wait(tasks)
        return computed

    assert run(scene()) == predictions


async def outcomes(clock: Clock, wait: float, seconds: float) -> list[tuple[str, bool]]:
    """What becomes of 20 jobs that are queued for so many seconds, and of 8 that come then.

    In the order of their answers; True for a prediction, False for a rejection.
    """
    own, decided = Scene(clock, wait=wait), []

    async def submit(name: str) -> None:
        try:
            await own.submit(name)
        except RejectedError:
            decided.append((name, False))
        else:
            decided.append((name, True))

    tasks = [asyncio.create_task(submit("first"))]
    while not own.answered:
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(submit("early")) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.now += seconds
    tasks += [asyncio.create_task(submit("late")) for _ in range(8)]
    await asyncio.wait(tasks)
    return decided[1:]


def test_some_overdue_jobs_are_rejected_and_the_others_predicted_in_their_place(
    clock: Clock,
) -> None:
    decided = run(outcomes(clock, wait=0.3, seconds=0.35))
    assert [name for name, _ in decided] == ["early"] * 20 + ["late"] * 8
    predicted = [is_predicted for name, is_predicted in decided if name == "early"]
    assert 6 <= sum(predicted) <= 14
    assert all(is_predicted for name, is_predicted in decided if name == "late")


def test_jobs_queued_for_twice_the_limit_are_only_rejected_and_delay_no_others(
    clock: Clock,
) -> None:
    decided = run(outcomes(clock, wait=0.05, seconds=0.11))
    assert {is_predicted for name, is_predicted in decided if name == "early"} == {False}
    assert {is_predicted for name, is_predicted in decided if name == "late"} == {True}
    last = len(decided) - [is_predicted for _, is_predicted in decided][::-1].index(True)
    assert [name for name, _ in decided[:last]].count("early") <= 8 * 1.25 + 4


def test_a_batch_records_how_long_each_job_was_queued(clock: Clock) -> None:
    batch, job = Batch[str](), Job("a", 7, True, clock.now, clock.now + 1)
    clock.now += 0.25
    batch.add(job)
    assert (batch.jobs, batch.size_bytes, job.queue_seconds) == ([job], 7, 0.25)
