"""The line of quick predictions: short, in order, and with room for others in between."""

import asyncio
from wsgiref.types import StartResponse, WSGIEnvironment

from tests.asgi import Exchange, Recorder, ask, make_bridge, run, scope

BODY = b"body"


def test_a_line_of_quick_ones_that_is_too_long_is_cut() -> None:
    async def scene() -> None:
        bridge = make_bridge(Recorder(), lambda size: 0.0, queue_ms=50)
        bridge.admission.mean_seconds = 0.01  # as if each took that long: six fit
        statuses = [a.status for a in await asyncio.gather(*(ask(bridge, BODY) for _ in range(20)))]
        assert statuses == [200] * 6 + [503] * 14
        assert (await ask(bridge, BODY)).status == 200

    run(scene())


def test_between_two_quick_ones_the_loop_answers_others() -> None:
    order: list[str] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        order.append(environ["REQUEST_METHOD"])
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


def test_one_that_leaves_the_line_holds_nobody_up() -> None:
    async def scene() -> list[int]:
        bridge = make_bridge(Recorder(), lambda size: 0.0)
        line = [asyncio.create_task(ask(bridge, BODY)) for _ in range(5)]
        await asyncio.sleep(0)
        line[0].cancel()
        line[2].cancel()
        await asyncio.wait(line)
        return [task.result().status for task in line if not task.cancelled()]

    assert run(scene()) == [200, 200, 200]


def test_the_time_of_quick_ones_is_learnt() -> None:
    async def scene() -> tuple[float, float]:
        bridge = make_bridge(Recorder(), lambda size: 0.0)
        bridge.admission.mean_seconds = 1.0
        await ask(bridge, BODY)
        first = bridge.admission.mean_seconds
        for _ in range(500):
            await ask(bridge, BODY)
        return first, bridge.admission.mean_seconds

    first, last = run(scene())
    assert 0.9 < first < 1, "one is no trend"
    assert 0 < last < 0.1
