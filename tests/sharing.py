"""A bridge to the real app, and requests that come to it at once."""

import asyncio
from collections.abc import Sequence

from service.app import create_app
from service.middleware.auth import Access
from service.middleware.response import Seal
from service.model.predictor import Predictor
from service.server.asgi_app import Bridge
from service.server.drain import Drain
from service.server.rejection import Shed
from service.settings import Settings
from tests.asgi import Exchange, scope

MOST_ROWS = 9
JSON, CSV = "application/json", "text/csv"
Sent = tuple[bytes, str, bytes]  # body, its type, query
QUICK, SLOW = 0.0, 1.0  # seconds that a prediction is expected to take


def bridged(
    predictor: Predictor,
    seconds: float = SLOW,
    queue_ms: int = 10_000,
    deadline_ms: int = 10_000,
) -> Bridge:
    """A real bridge to the real app, for which every prediction is slow, or quick."""
    own = Settings(max_rows=MOST_ROWS, queue_ms=queue_ms, deadline_ms=deadline_ms)
    seal = Seal.of(predictor.manifest)
    app = create_app(own, predictor, seal=seal)
    return Bridge(
        app,
        own,
        Drain(0),
        Shed(Access(), seal),
        expected_seconds=lambda size: seconds,
        warm_up=bool,
        sharing=app.sharing,
    )


async def ask(bridge: Bridge, sent: Sent, number: int, path: str = "/predict") -> Exchange:
    """Send one request with an id of its number."""
    body, kind, query = sent
    exchange = Exchange([body])
    fields = [("content-type", kind), ("content-length", str(len(body)))]
    head = scope([*fields, ("x-request-id", f"id-{number}")], path, query)
    await bridge(head, exchange.receive, exchange.send)
    return exchange


async def all_at_once(
    bridge: Bridge, sent: Sequence[Sent], path: str = "/predict"
) -> list[Exchange]:
    asked = (ask(bridge, one, number, path) for number, one in enumerate(sent))
    return list(await asyncio.gather(*asked))


async def one_by_one(bridge: Bridge, sent: Sequence[Sent]) -> list[Exchange]:
    return [await ask(bridge, one, number) for number, one in enumerate(sent)]
