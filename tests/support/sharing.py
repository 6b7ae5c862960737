"""The ASGI app around the real Flask app, and concurrent requests to it."""

import asyncio
from collections.abc import Sequence

from service.app import create_app
from service.middleware.auth import AccessControl
from service.middleware.response import ResponseContext
from service.model.predictor import Predictor
from service.server.asgi_app import ASGIApp
from service.server.drain import Drain
from service.settings import Settings
from tests.support.asgi import Exchange, scope

MOST_ROWS = 9
JSON, CSV = "application/json", "text/csv"
Sent = tuple[bytes, str, bytes]  # body, its type, query
QUICK, SLOW = 0.0, 1.0  # seconds that a prediction is expected to take


def bridged(
    predictor: Predictor,
    seconds: float = SLOW,
    queue_seconds: float = 10,
    deadline_seconds: float = 10,
    api_keys: tuple[str, ...] = (),
    max_body_bytes: int = 2**20,
    max_rows: int = MOST_ROWS,
) -> ASGIApp:
    """The real ASGI app around the real Flask app, for which all predictions are quick, or slow."""
    own = Settings(
        max_rows=max_rows,
        queue_seconds=queue_seconds,
        deadline_seconds=deadline_seconds,
        api_keys=api_keys,
        max_body_bytes=max_body_bytes,
        drift=False,  # it computes probabilities now and then, and tests count the calls
    )
    context = ResponseContext.of(predictor.manifest)
    app = create_app(own, predictor, context=context)
    return ASGIApp(
        app,
        own,
        Drain(0),
        AccessControl.of(own),
        context,
        expected_seconds=lambda size: seconds,
        start_up=bool,
        fast_path=app.fast_path,
    )


async def ask(bridge: ASGIApp, sent: Sent, number: int, path: str = "/predict") -> Exchange:
    """Send a request whose id is its number."""
    body, kind, query = sent
    exchange = Exchange([body])
    fields = [("content-type", kind), ("content-length", str(len(body)))]
    head = scope([*fields, ("x-request-id", f"id-{number}")], path, query)
    await bridge(head, exchange.receive, exchange.send)
    return exchange


async def all_at_once(
    bridge: ASGIApp, sent: Sequence[Sent], path: str = "/predict"
) -> list[Exchange]:
    asked = (ask(bridge, one, number, path) for number, one in enumerate(sent))
    return list(await asyncio.gather(*asked))


async def one_by_one(bridge: ASGIApp, sent: Sequence[Sent]) -> list[Exchange]:
    return [await ask(bridge, one, number) for number, one in enumerate(sent)]
