"""Numbers that are added up in memory and published together are those of one by one."""

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from service.api.request_state import KEY, RequestState
from service.observability import metrics
from service.observability.metrics import SECONDS, Metrics
from service.observability.tally import observe

VALUES = [0.0, *SECONDS, 0.0011, 0.3, 11.0, float("inf")]


def histogram(values: list[float], add: Callable[[Histogram], None]) -> bytes:
    registry = CollectorRegistry()
    add(Histogram("seconds", "of a request", buckets=SECONDS, registry=registry))
    text: bytes = generate_latest(registry)
    return b"\n".join(line for line in text.splitlines() if b"_created" not in line)


@pytest.mark.parametrize("values", [[], VALUES[:1], VALUES, VALUES[::-1] * 3])
def test_many_values_are_observed_as_one_by_one(values: list[float]) -> None:
    def one_by_one(one: Histogram) -> None:
        for value in values:
            one.observe(value)

    together = histogram(values, lambda one: observe(one, SECONDS, values))
    assert together == histogram(values, one_by_one)


def test_what_the_loop_counts_is_published_soon_and_before_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = Metrics("model", "version", "engine")
    name = 'slipway_requests_total{method="POST",route="/predict",status="200"} '

    def shown() -> str:
        text = generate_latest(own.registry).decode()
        return next((line for line in text.splitlines() if line.startswith(name)), "none")

    async def scene() -> list[str]:
        environ = {"REQUEST_METHOD": "POST", KEY: RequestState()}
        own.count(environ, "/predict", 200)
        before = shown()
        while shown() == before:
            await asyncio.sleep(0)
        own.count(environ, "/predict", 200)
        return [before, shown(), own.text().decode()]

    monkeypatch.setattr(metrics, "PUBLISH_SECONDS", 0.001)
    before, soon, text = asyncio.run(asyncio.wait_for(scene(), 10))
    assert before == "none"
    assert soon == f"{name}1.0"
    assert f"{name}2.0" in text
