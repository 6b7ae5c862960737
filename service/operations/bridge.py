"""From gunicorn's event loop to Flask: the loop reads and refuses, a thread computes what is slow.

The whole body is read here, with a limit and a deadline, before Flask is called, so that no slow
client holds a thread. A request expected to be quick is then answered right here: handing it to a
thread would cost more than computing it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from time import perf_counter
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from service.api.body import REFUSED
from service.operations.logs import ARRIVED

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

QUICK_SECONDS = 0.002  # a thread hand-over, with the loop's other work in between, costs about this
LINGER_SECONDS = 2.0


class RefusedError(Exception):
    """A body that will not be read to its end: status and detail of the answer."""


class Bridge:
    """An ASGI app around a WSGI app.

    `expected_seconds` tells from the size of a body how long its answer will take. `warm_up` runs
    once in each worker before it gets a request; if it raises, gunicorn stops.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        max_body_bytes: int,
        body_seconds: float,
        expected_seconds: Callable[[int], float],
        warm_up: Callable[[], object],
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.body_seconds = body_seconds
        self.expected_seconds = expected_seconds
        self.warm_up = warm_up
        self._compute = ThreadPoolExecutor(1, "compute")  # starts its thread with the first task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one phase of the worker's life."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self.warm_up()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._compute.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived = perf_counter()
        environ = wsgi_environ(scope)
        environ[ARRIVED] = arrived
        body, refused = b"", None
        try:
            body = await self._read(environ, receive)
        except RefusedError as error:
            refused = environ[REFUSED] = error.args
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = BytesIO(body)
        if self.expected_seconds(len(body)) <= QUICK_SECONDS:
            answer = call(self.app, environ)
        else:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._compute, call, self.app, environ)
        status, headers, content = answer
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        if refused:
            await self._linger(receive)

    async def _read(self, environ: WSGIEnvironment, receive: Receive) -> bytes:
        if not environ["PATH_INFO"].startswith("/") or environ["PATH_INFO"].startswith("//"):
            raise RefusedError(404, "there is nothing at this address")
        if environ.get("HTTP_EXPECT", "100-continue").lower() != "100-continue":
            raise RefusedError(417, "the only expectation that is met is 100-continue")
        length = environ.get("CONTENT_LENGTH")
        if length is None and "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        too_large = RefusedError(413, f"the body is larger than {self.max_body_bytes} bytes")
        if length is not None and int(length) > self.max_body_bytes:
            raise too_large
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise RefusedError(400, "the body ended before it was whole")
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    if size > self.max_body_bytes:
                        raise too_large
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            detail = f"the body did not arrive within {self.body_seconds} seconds"
            raise RefusedError(408, detail) from None

    async def _linger(self, receive: Receive) -> None:
        """Read on a little after a refusal: closing at once would reset the connection, and a
        client that is still sending would never see the answer."""
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect" or not message.get("more_body"):
                        return
        except TimeoutError:
            return


def wsgi_environ(scope: Scope) -> WSGIEnvironment:
    """The WSGI environ (PEP 3333) of an ASGI scope, but for the body."""
    host, port = scope["server"] or ("localhost", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ


def call(
    app: WSGIApplication, environ: WSGIEnvironment
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Run a WSGI app to its end: status, headers and body, as ASGI wants them."""
    status = ""
    headers: list[tuple[str, str]] = []

    def start_response(line: str, fields: list[tuple[str, str]], *_: Any) -> Any:
        nonlocal status, headers
        status, headers = line, fields

    chunks: Iterable[bytes] = app(environ, start_response)
    try:
        content = b"".join(chunks)
    finally:
        if close := getattr(chunks, "close", None):
            close()
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return int(status[:3]), encoded, content
