"""From gunicorn's event loop to Flask: the loop reads and refuses, a thread computes what is slow.

The whole body is read here, with a limit and a deadline, before Flask is called, so that no slow
client holds a thread. A request expected to be quick is then answered right here: handing it to a
thread would cost more than computing it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from wsgiref.types import WSGIApplication, WSGIEnvironment

from prometheus_client import Gauge

from service.api.environ import ARRIVED, IS_FULL, REFUSED, WHOLE
from service.api.predict import PATH
from service.api.problems import Problem
from service.operations import reading, target
from service.operations.admission import RefusedError, check_deadline, deadline_seconds
from service.operations.drain import Drain
from service.operations.forwarded import Proxies
from service.operations.gate import Gate
from service.operations.line import Line
from service.operations.reading import Message, Receive
from service.operations.shed import Shed
from service.operations.straight import Straight
from service.operations.unsent import Unsent
from service.operations.waiting import Waiting
from service.operations.wsgi import Answer, Scope, call, set_body, wsgi_environ
from service.settings import Settings

Send = Callable[[Message], Awaitable[None]]

PLAIN_TARGET = PATH.encode()  # as nearly all have it
MOST_AHEAD = 1_048_576  # bytes that the loop itself reads to numbers, in less than 2 ms
QUICK_SECONDS = 0.002  # a thread hand-over, with the loop's other work in between, costs about this


class Bridge:
    """An ASGI app around a WSGI app.

    `expected_seconds` tells from the size of a body how long its answer will take. `warm_up` runs
    once in each worker before it gets a request; if it raises, gunicorn stops. `wind_down` runs
    after its last request. `sharing` predicts for several plain requests at once, where
    that may be.
    """

    proxies = Proxies(())  # a worker of gunicorn knows which are trusted

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        drain: Drain,
        shed: Shed,
        *,
        expected_seconds: Callable[[int], float],
        warm_up: Callable[[], object],
        wind_down: Callable[[], object] = lambda: None,
        sharing: Straight | None = None,
    ) -> None:
        self.app = app
        self.settings = settings
        self.drain = drain
        self.shed = shed
        self.expected_seconds = expected_seconds
        self.warm_up = warm_up
        self.wind_down = wind_down
        self.sharing = sharing
        self.unsent = Unsent(shed.seal.metrics.disconnected)
        wait_seconds = settings.queue_ms / 1000
        limits = (wait_seconds, expected_seconds, settings.max_body_bytes)
        share = sharing.share if sharing else bool
        self.line = Line(*limits, partial(call, app), share)
        self.gate = Gate(*limits, self._start_computing)
        self._compute = ThreadPoolExecutor(1, "compute")  # starts its thread with the first task

    @property
    def in_flight(self) -> Gauge:
        """How many requests are being read, wait or are being answered."""
        return self.shed.seal.metrics.in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one phase of the worker's life."""
        if scope["type"] == "http":
            with self.in_flight.track_inprogress():
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
        self.wind_down()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = self._environ(scope, perf_counter())
        unread = True
        try:
            if scope["raw_path"] != PLAIN_TARGET or "HTTP_HOST" not in environ:
                target.resolve(environ, scope["raw_path"])
            set_body(environ, await reading.body(environ, receive, self.settings))
            unread = False
            answer = await self._admit(environ, len(environ[WHOLE]))
        except RefusedError as error:
            answer = self.refusal(environ, error)
        del environ  # with the request's body: its answer may wait long for the client to read
        status, headers, content = answer
        if self.drain.is_on:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        if unread:
            await reading.linger(receive)

    def _environ(self, scope: Scope, came: float) -> WSGIEnvironment:
        """The WSGI environ of a request, with its client's address in place of a proxy's."""
        environ = wsgi_environ(scope)
        environ[ARRIVED] = came
        environ[IS_FULL] = self.unsent.is_full
        if forwarded := environ.get("HTTP_X_FORWARDED_FOR"):
            environ["REMOTE_ADDR"] = self.proxies.client(environ["REMOTE_ADDR"], forwarded)
        return environ

    def refusal(self, environ: WSGIEnvironment, error: RefusedError) -> Answer:
        """The answer to a request that is refused."""
        error.__traceback__ = None  # or it would hold what holds it: work for the collector
        if answer := self.shed.refuse(environ, error):
            return answer
        environ[REFUSED] = Problem(error.status, error.detail, headers=error.headers)
        set_body(environ, b"")
        return call(self.app, environ)

    async def _admit(self, environ: WSGIEnvironment, size: int) -> Answer:
        """Call the app when it is this request's turn; RefusedError if that takes too long."""
        if not (size and self.shed.is_prediction(environ)):
            return call(self.app, environ)  # health, metrics, descriptions and refusals never wait
        one = Waiting(environ, size, *self._terms(environ, perf_counter()))
        is_quick = self.is_quick(size) or self._becomes_quick(one)
        return await (self.line if is_quick else self.gate).turn(one)

    def _terms(self, environ: WSGIEnvironment, asked: float) -> tuple[bool, Callable[[], object]]:
        """On which it waits: whether it may share a call, and a check of its deadline."""
        shares = self.sharing is not None and self.sharing.is_plain(environ)
        deadline = asked + deadline_seconds(environ, self.settings.deadline_ms)
        return shares, partial(check_deadline, environ, asked, deadline)

    def is_quick(self, size: int) -> bool:
        """Whether the answer to a request of so many bytes, its head and all, takes the loop."""
        limit = self.settings.max_body_bytes
        return size <= limit and self.expected_seconds(size) <= QUICK_SECONDS

    def read(self, scope: Scope, body: bytes, came: float, turn: object) -> Waiting | None:
        """A prediction that waited unread, as one that may have its turn now; else None."""
        environ = self._environ(scope, came)
        set_body(environ, body)
        if not (body and self.shed.is_prediction(environ)):
            return None
        try:
            return Waiting(environ, len(body), *self._terms(environ, came), turn)
        except RefusedError:
            return None

    def _becomes_quick(self, one: Waiting) -> bool:
        """Read long columns of numbers right here; whether what is left to do is quick."""
        if not (self.sharing and one.shares and one.size <= MOST_AHEAD):
            return False
        left = self.sharing.read_ahead(one.environ)
        if left is None or left > QUICK_SECONDS:
            return False
        one.shares = False  # it fills a call
        return True

    def _start_computing(
        self, environs: Sequence[WSGIEnvironment]
    ) -> Sequence[asyncio.Future[Answer]]:
        """Let the thread answer them in order: each is sent as soon as it is there.

        Log and metrics are written there, too, as for any slow prediction: the loop has others to
        read and to refuse meanwhile. Both take lines and counts of several threads.
        """
        loop = asyncio.get_running_loop()
        if self.sharing and len(environs) > 1:
            loop.run_in_executor(self._compute, self.sharing.share, environs)
        return [loop.run_in_executor(self._compute, call, self.app, one) for one in environs]
