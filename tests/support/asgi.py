"""Calls the ASGI app in memory, as gunicorn's event loop does."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.middleware.auth import AccessControl
from service.middleware.response import ResponseContext
from service.observability.metrics import Metrics
from service.server.asgi_app import ASGIApp
from service.server.drain import Drain
from service.server.request_body import Message
from service.server.wsgi import Scope
from service.settings import Settings

VERSION = "abc123"
LARGEST = 100  # bytes of a body
TIMEOUT_SECONDS = 10.0  # only a broken app takes that long

Result = TypeVar("Result")


@dataclass(slots=True)
class Exchange:
    """One request: the chunks that the client sends, and the messages of the response.

    Once all chunks have been received, `receive` waits until the client disconnects: for ever, or,
    with `leaves`, not at all. The body is complete only if `whole` is true.
    """

    chunks: list[bytes] = field(default_factory=list)
    whole: bool = True
    leaves: bool = False
    received: int = 0
    sent: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        if self.received < len(self.chunks):
            self.received += 1
            more = not self.whole or self.received < len(self.chunks)
            body = self.chunks[self.received - 1]
            return {"type": "http.request", "body": body, "more_body": more}
        if not self.leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        """The status of the only response."""
        start, _ = self.sent
        status: int = start["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the only response."""
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        """The body of the only response."""
        _, end = self.sent
        assert not end.get("more_body")
        return bytes(end["body"])


def run(scene: Coroutine[None, None, Result]) -> Result:
    """Run a coroutine on a new loop, with a time limit."""
    return asyncio.run(asyncio.wait_for(scene, TIMEOUT_SECONDS))


def scope(
    headers: Iterable[tuple[str, str]] = (), path: str = "/predict", query: bytes = b""
) -> Scope:
    """The scope of a request, as gunicorn makes it; without a Host header it is for localhost."""
    fields = list(headers)
    if "host" not in dict(fields):
        fields.append(("host", "localhost"))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields],
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 50000),
        "state": {},
    }


def nothing_takes_long(size: int) -> float:
    return 0.0


def make_bridge(
    app: WSGIApplication,
    expected_seconds: Callable[[int], float] = nothing_takes_long,
    body_seconds: float = 30.0,
    queue_seconds: float = 10,
    deadline_seconds: float = 10,
    warm_up: Callable[[], object] = bool,
) -> ASGIApp:
    """The ASGI app with a small limit of bodies, around any WSGI app."""
    return ASGIApp(
        app,
        Settings(
            max_body_bytes=LARGEST,
            body_seconds=body_seconds,  # type: ignore[arg-type]  # tests use less than a second
            queue_seconds=queue_seconds,
            deadline_seconds=deadline_seconds,
        ),
        Drain(0),
        AccessControl(),
        ResponseContext(Metrics("model", VERSION, "engine"), VERSION),
        expected_seconds=expected_seconds,
        start_up=warm_up,
    )


def of_length(body: bytes) -> Scope:
    """The scope of a request with this body."""
    return scope([("content-length", str(len(body)))])


async def ask(
    bridge: ASGIApp, body: bytes = b"", headers: dict[str, str] | None = None, **line: str
) -> Exchange:
    """Send a complete request; `line` may have another method and path."""
    exchange = Exchange([body])
    head = of_length(body)
    more = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    whole = {**head, **line, "headers": [*head["headers"], *more]}
    await bridge(whole, exchange.receive, exchange.send)
    return exchange


@dataclass(slots=True)
class Recorder:
    """A WSGI app that responds with the request's body, and records every environ."""

    environs: list[WSGIEnvironment] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        self.environs.append(environ)
        assert isinstance(environ["wsgi.input"], BytesIO)
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Twice", "1")])
        return [environ["wsgi.input"].read()]
