"""Quick predictions through the bridge: in line, in order, and with room for others in between."""

import asyncio
import threading
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from service.scheduling.inline_batcher import MIN_COMPUTE_SECONDS
from tests.support.asgi import Exchange, Recorder, ask, make_bridge, run, scope

BODY = b"body"


def test_who_has_no_turn_in_time_is_refused_and_not_before() -> None:
    def slowly(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        time.sleep(0.02)
        return Recorder()(environ, start_response)

    async def scene() -> None:
        bridge = make_bridge(slowly, lambda size: 0.0, queue_seconds=0.1)
        start = time.perf_counter()
        refused: list[float] = []

        async def asked() -> int:
            status = (await ask(bridge, BODY)).status
            if status == 503:
                refused.append(time.perf_counter() - start)
            return status

        statuses = await asyncio.gather(*(asked() for _ in range(20)))
        assert set(statuses) == {200, 503}
        assert min(refused) >= 0.1
        assert (await ask(bridge, BODY)).status == 200

    run(scene())


@pytest.mark.parametrize(("seconds", "is_quick"), [(0.0, True), (0.002, True), (0.0021, False)])
def test_a_prediction_of_up_to_two_milliseconds_runs_on_the_loop(
    seconds: float, is_quick: bool
) -> None:
    async def scene() -> None:
        threads: list[bool] = []

        def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
            threads.append(threading.current_thread() is threading.main_thread())
            return Recorder()(environ, start_response)

        bridge = make_bridge(app, lambda size: seconds)
        assert bridge.is_quick(len(BODY)) is is_quick
        assert (await ask(bridge, BODY)).status == 200
        assert threads == [is_quick]

    run(scene())


def test_a_fast_queue_rejects_no_request() -> None:
    async def scene() -> None:
        bridge = make_bridge(Recorder(), lambda size: 0.0)
        asked = await asyncio.gather(*(ask(bridge, BODY) for _ in range(500)))
        assert {one.status for one in asked} == {200}

    run(scene())


def test_between_two_quick_ones_the_loop_answers_others() -> None:
    order: list[str] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        order.append(environ["REQUEST_METHOD"])
        time.sleep(MIN_COMPUTE_SECONDS)
        start_response("200 OK", [])
        return []

    async def scene() -> None:
        bridge = make_bridge(app, lambda size: 0.0)
        line = [asyncio.create_task(ask(bridge, BODY)) for _ in range(10)]
        while not order:
            await asyncio.sleep(0)
        health = Exchange()
        await bridge({**scope(path="/health"), "method": "GET"}, health.receive, health.send)
        await asyncio.wait(line)

    run(scene())
    assert order.index("GET") <= 3
    assert order.count("POST") == 10


def test_a_request_that_leaves_the_queue_is_not_computed_and_delays_no_others() -> None:
    recorder = Recorder()

    def slowly(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        time.sleep(MIN_COMPUTE_SECONDS)  # so that only the first goes at once
        return recorder(environ, start_response)

    async def scene() -> list[int]:
        bridge = make_bridge(slowly, lambda size: 0.0, queue_seconds=10)
        line = [asyncio.create_task(ask(bridge, BODY)) for _ in range(5)]
        await asyncio.sleep(0)
        line[1].cancel()
        line[3].cancel()
        await asyncio.wait(line)
        return [task.result().status for task in line if not task.cancelled()]

    assert run(scene()) == [200, 200, 200]
    assert len(recorder.environs) == 3
