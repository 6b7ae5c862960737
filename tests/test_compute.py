"""Where the bridge computes: what is quick on the loop, what is slow in one thread; its life."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from wsgiref.types import StartResponse, WSGIEnvironment

from service.server.request_body import Message
from tests.support.asgi import TIMEOUT_SECONDS, Recorder, ask, make_bridge, run

SLOW, QUICK = b"slow", b"q"


def seconds(size: int) -> float:
    """SLOW takes longer than QUICK."""
    return 1.0 if size == len(SLOW) else 0.0


@dataclass(slots=True)
class Blocking:
    """A WSGI app that blocks its thread on the path SLOW until it is released."""

    started: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read()
        self.bodies.append(body)
        released = True
        if body == SLOW:
            self.started.set()
            released = self.release.wait(TIMEOUT_SECONDS / 2)
        start_response("200 OK" if released else "500 Blocked", [])
        return [body]


def thread_that_answers(expected_seconds: float) -> threading.Thread:
    threads = []

    def app(_: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        threads.append(threading.current_thread())
        start_response("200 OK", [])
        return []

    run(ask(make_bridge(app, lambda size: expected_seconds), QUICK))
    [thread] = threads
    return thread


def test_what_is_quick_runs_on_the_loop_and_what_is_slow_in_the_compute_thread() -> None:
    assert thread_that_answers(0.0) is threading.current_thread()
    assert thread_that_answers(0.002) is threading.current_thread()
    assert thread_that_answers(0.00201).name.startswith("compute")


def test_the_loop_answers_others_while_a_slow_one_computes() -> None:
    async def scene() -> None:
        app = Blocking()
        bridge = make_bridge(app, seconds)
        slow = asyncio.create_task(ask(bridge, SLOW))
        assert await asyncio.to_thread(app.started.wait, TIMEOUT_SECONDS / 2)
        assert (await ask(bridge, QUICK)).body == QUICK
        assert not slow.done()
        app.release.set()
        assert (await slow).status == 200

    run(scene())


def test_two_slow_ones_never_run_at_once() -> None:
    meeting, met = threading.Barrier(2), []

    def app(_: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            meeting.wait(0.2)
            met.append(True)
        except threading.BrokenBarrierError:
            met.append(False)
        start_response("200 OK", [])
        return []

    async def scene() -> None:
        bridge = make_bridge(app, seconds)
        await asyncio.gather(ask(bridge, SLOW), ask(bridge, SLOW))

    run(scene())
    assert met == [False, False]


def test_a_slow_one_whose_client_left_is_not_computed_in_vain() -> None:
    async def scene() -> None:
        app = Blocking()
        bridge = make_bridge(app, seconds)
        first = asyncio.create_task(ask(bridge, SLOW))
        assert await asyncio.to_thread(app.started.wait, TIMEOUT_SECONDS / 2)
        second = asyncio.create_task(ask(bridge, SLOW))
        await ask(bridge, QUICK)
        second.cancel()
        await asyncio.wait([second])
        app.release.set()
        await first
        await ask(bridge, SLOW)
        assert app.bodies == [SLOW, QUICK, SLOW]

    run(scene())


def live(warm_up: Callable[[], object]) -> list[Message]:
    """The messages of the lifespan protocol from the start of a worker to its end."""
    sent: list[Message] = []
    events = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive() -> Message:
        return {"type": next(events)}

    async def send(message: Message) -> None:
        sent.append(message)

    run(make_bridge(Recorder(), warm_up=warm_up)({"type": "lifespan"}, receive, send))
    return sent


def test_a_worker_warms_up_once_before_it_is_ready() -> None:
    calls: list[int] = []
    assert [message["type"] for message in live(lambda: calls.append(1))] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert calls == [1]


def fail() -> None:
    raise ValueError("golden row 7 is cold")


def test_a_worker_that_cannot_warm_up_logs_the_reason() -> None:
    [message] = live(fail)
    assert message["type"] == "lifespan.startup.failed"
    assert "golden row 7 is cold" in message["message"]
