"""gunicorn's protocol, which queues simple prediction requests as raw bytes.

gunicorn creates two tasks and runs its parser for each request, which is half of the time of a
small prediction. Simple requests stay here unparsed until the end of the loop's iteration, or until
they are scheduled. Then they are parsed one after the other, share a call of the model, and are
answered without a task. All other requests go to gunicorn.

tests/test_deferring_protocol.py, tests/test_unparsed.py and tests/test_two_parsers.py test this.
"""

import asyncio
import re
from time import perf_counter
from types import SimpleNamespace
from typing import Any
from wsgiref.types import WSGIEnvironment

from gunicorn.asgi.protocol import ASGIProtocol

from service.api.predict import PATH
from service.scheduling.admission import RejectedError
from service.scheduling.jobs import Job
from service.server.fast_parser import MAX_HEAD_BYTES, MAX_HEADERS, REQUEST_LINE, SimpleParser, size
from service.server.gunicorn.compat import BETWEEN_REQUESTS
from service.server.gunicorn.protocol import Protocol
from service.server.wsgi import Response, connection_environ

# The attributes of a request that gunicorn reads when it writes the head of the response.
PARSED_REQUEST = SimpleNamespace(version=(1, 1), _connection=None)
# The first part of a request is kept from gunicorn for this time at most. Many clients send head
# and body in two segments, one immediately after the other.
HOLD_SECONDS = 0.02
# A client that sends this waits for an answer to the head before it sends the body.
EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)

_parser = SimpleParser()


class DeferringProtocol(Protocol):
    """A connection of a worker whose app is an ASGIApp."""

    deferred: "DeferredRequest | None" = None
    _held = b""  # the first part of a request
    _hold_timer: asyncio.TimerHandle | None = None
    _environ: WSGIEnvironment | None = None  # the part that all requests of the connection share
    _used_at: float | None = None  # by the loop's clock; None if unused since the timer was set
    # Whether to close it after the long response that `send` has begun; None without one.
    _closes: bool | None = None

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        # gunicorn must parse each request if it is configured to count requests, to log them, to
        # call hooks, to limit their heads further, or to read other addresses of clients.
        self._is_observed = bool(
            self.cfg.max_requests
            or self.log.access_log_enabled
            or self._pre_request
            or self._post_request
            or self.cfg.limit_request_fields < MAX_HEADERS
            or self.cfg.proxy_protocol not in (False, "off")
        )

    @property
    def is_idle(self) -> bool:
        """Whether gunicorn waits for a request, and none is queued or held."""
        return super().is_idle and self.deferred is None and not self._held

    @property
    def is_waiting(self) -> bool:
        """Whether there is no request yet, and none is queued or held."""
        return super().is_waiting and self.deferred is None and not self._held

    @property
    def idle_until(self) -> float:
        """The time at which the keepalive ends, counted from the last request."""
        if self._used_at is None:
            return super().idle_until
        return max(super().idle_until, self._used_at + float(self.cfg.keepalive))

    def data_received(self, data: bytes) -> None:
        """Queue a simple prediction when it is whole; pass everything else to gunicorn."""
        data = self._held + data
        if self.deferred is not None:
            self.deferred.pass_to_gunicorn()
        if data.startswith(REQUEST_LINE) and self._is_between_requests():
            whole = size(data)
            if whole == len(data) and self.app.is_quick(whole):
                self._release()
                self._used_at = self.worker.loop.time()
                self.deferred = DeferredRequest(self, data)
                self.app.enqueue(self.deferred)
                return
            if self._may_become_simple(data, whole):
                self._hold(data)
                return
        self._release()
        super().data_received(data)

    def _may_become_simple(self, data: bytes, whole: int | None) -> bool:
        """Whether the request may be simple once the rest of it has arrived."""
        if whole is None:
            return len(data) <= MAX_HEAD_BYTES and b"\r\n\r\n" not in data
        return whole > len(data) and self.app.is_quick(whole) and not EXPECTS.search(data)

    def _hold(self, data: bytes) -> None:
        """Keep the bytes of a request that have arrived, for HOLD_SECONDS from the first."""
        loop = self.worker.loop
        self._used_at = loop.time()
        self._held = data
        if self._hold_timer is None:
            self._hold_timer = loop.call_later(HOLD_SECONDS, self._pass_held_to_gunicorn)

    def _release(self) -> bytes:
        """Stop the timer, and return the bytes that were kept."""
        held, self._held = self._held, b""
        if self._hold_timer is not None:
            self._hold_timer.cancel()
            self._hold_timer = None
        return held

    def _pass_held_to_gunicorn(self) -> None:
        super().data_received(self._release())

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the queue, and discard the first part of a request."""
        self._release()
        if self.deferred is not None:
            self.deferred.leave()
        super().connection_lost(exc)

    def environ(self) -> WSGIEnvironment:
        """The WSGI environ of a simple request on this connection, without headers and body."""
        if self._environ is None:
            self._environ = connection_environ(
                "https" if self._is_ssl else "http",
                self.transport.get_extra_info("sockname")[:2],
                self.transport.get_extra_info("peername")[:2],
            )
            self._environ |= {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": PATH,
                "QUERY_STRING": "",
                "SERVER_PROTOCOL": "HTTP/1.1",
            }
        return self._environ.copy()

    def send(self, response: Response) -> None:
        """Send a response as gunicorn does."""
        status, headers, body = response
        closes = self.app.drain.is_on or not self.worker.alive
        self._send_response_start(status, headers, PARSED_REQUEST, close=closes)
        self._send_body(body)
        if self.sending is None:
            self._continue(closes)
        else:  # read no further request until it is sent
            self._pause_reading()
            self._cancel_keepalive_timer()
            self._closes = closes

    def resume_writing(self) -> None:
        """Send more of a long response; after its end, continue with the connection."""
        super().resume_writing()
        if self._closes is not None and self.sending is None:
            closes, self._closes = self._closes or not self.worker.alive, None
            self._resume_reading()
            self._continue(closes)

    def _continue(self, closes: bool) -> None:
        if closes:
            self.end()
        elif self._keepalive_handle is None:
            self._arm_keepalive_timer()

    def fail(self, error: Exception) -> None:
        """Answer 500 as gunicorn does when an app raises."""
        self.log.error("Error in ASGI application", exc_info=error)
        self._send_error_response(500, "Internal Server Error")
        self.end()

    def _keepalive_timeout(self) -> None:
        """Close the connection if it was not used meanwhile: a timer per response would be slow."""
        if self._used_at is not None:
            self._used_at = None
            self._arm_keepalive_timer()
        else:
            self.end()

    def _is_between_requests(self) -> bool:
        """Whether gunicorn has finished the last request, and the client reads its responses."""
        parser = self._callback_parser
        return (
            parser is not None
            and not self._is_observed
            and parser._state == BETWEEN_REQUESTS
            and not parser._buffer
            and not self._request_ready.is_set()
            and not self._flow_control.write_paused
        )


class DeferredRequest:
    """A queued request that has not been parsed.

    The batcher calls `resolve` when it is scheduled, and then delivers the result to it: setting
    the result sends the response.
    """

    __slots__ = ("_is_done", "_job", "arrived", "connection", "data")

    def __init__(self, connection: DeferringProtocol, data: bytes) -> None:
        self.connection = connection
        self.data = data
        self.arrived = perf_counter()
        self._job: Job[WSGIEnvironment] | None = None
        self._is_done = False
        connection.app.metrics.begin()

    def resolve(self) -> Job[WSGIEnvironment] | None:
        """Parse it; None if the client has disconnected, or if gunicorn must parse it."""
        if self._job is None and not self._is_done:
            self._job = self._parse()
            if self._job is None:
                self.pass_to_gunicorn()
        return self._job

    def reject(self, error: RejectedError) -> None:
        """Send the response to a rejection; the request is parsed for its log line."""
        if job := self.resolve():
            job.reject(error)

    def pass_to_gunicorn(self) -> None:
        """Leave the queue, and let gunicorn parse it."""
        self.leave()
        ASGIProtocol.data_received(self.connection, self.data)

    def leave(self) -> None:
        """Leave the queue."""
        if self._is_done:
            return
        self._is_done = True
        self._job = self.connection.deferred = None
        self.connection.app.metrics.end()

    def done(self) -> bool:
        """Whether it has left the queue."""
        return self._is_done

    def set_result(self, response: Response) -> None:
        """Send the response."""
        self.leave()
        self.connection.send(response)

    def set_exception(self, error: Exception) -> None:
        """Send the response to a rejection, or to an error of the app."""
        job = self._job
        self.leave()
        if job and isinstance(error, RejectedError):
            self.connection.send(self.connection.app.rejection(job.request, error))
        else:
            self.connection.fail(error)

    def _parse(self) -> Job[WSGIEnvironment] | None:
        connection = self.connection
        environ = connection.environ()
        body = _parser.parse(self.data, environ)
        if body is None:
            return None
        job = connection.app.deferred_job(environ, body, self.arrived)
        if job:
            job.result = self
        return job
