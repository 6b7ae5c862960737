"""gunicorn's protocol, which under load queues simple prediction requests as raw bytes.

gunicorn spends two tasks and a pass of its parser on each request: half of the time of a small
prediction. While the service keeps up, it does so for all requests. When many predictions are
queued, further ones are queued unparsed; they are parsed several at a time when they are
scheduled, and answered without a task. The service then answers 1.6 times as many.

tests/test_deferring_protocol.py and tests/test_crowd.py hold this.
"""

from time import perf_counter
from types import SimpleNamespace
from typing import Any
from wsgiref.types import WSGIEnvironment

from gunicorn.asgi.protocol import ASGIProtocol

from service.scheduling.admission import RejectedError
from service.scheduling.jobs import Job
from service.server.fast_parser import REQUEST_LINE, parse_simple_request
from service.server.gunicorn.compat import BETWEEN_REQUESTS
from service.server.gunicorn.protocol import Protocol
from service.server.wsgi import Response

# What gunicorn reads of the request when it writes the head of its response.
PARSED_REQUEST = SimpleNamespace(version=(1, 1), _connection=None)


class DeferringProtocol(Protocol):
    """A connection of a worker whose app is an ASGIApp."""

    deferred: "DeferredRequest | None" = None
    _was_used = False  # since the keepalive timer was set
    # Whether to close it after the long response that `send` has begun; None without one.
    _closes: bool | None = None

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        # gunicorn has to see each request if it is configured to count, log or pass on requests.
        self._is_observed = bool(
            self.cfg.max_requests
            or self.log.access_log_enabled
            or self._pre_request
            or self._post_request
        )

    @property
    def is_idle(self) -> bool:
        """Whether gunicorn waits for a request, and none is queued."""
        return super().is_idle and self.deferred is None

    @property
    def is_waiting(self) -> bool:
        """Whether there is no request yet, and none is queued."""
        return super().is_waiting and self.deferred is None

    def data_received(self, data: bytes) -> None:
        """Queue a simple prediction under load; pass everything else to gunicorn."""
        if self.deferred is not None:
            if self.deferred.add(data):
                return
            self.deferred.pass_to_gunicorn()
        elif (
            data.startswith(REQUEST_LINE)
            and self.app.defers_parsing(len(data))
            and self._is_between_requests()
        ):
            self.deferred = DeferredRequest(self, data)
            self._was_used = True
            self.app.enqueue(self.deferred)
            return
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the queue."""
        if self.deferred is not None:
            self.deferred.leave()
        super().connection_lost(exc)

    def send(self, response: Response) -> None:
        """Send a response as gunicorn does."""
        status, headers, body = response
        closes = self.app.drain.is_on or not self.worker.alive
        self._send_response_start(status, headers, PARSED_REQUEST, close=closes)
        self._send_body(body)
        if self.sending is None:
            self._go_on(closes)
        else:  # nothing else is read or answered until it is sent
            self._pause_reading()
            self._cancel_keepalive_timer()
            self._closes = closes

    def resume_writing(self) -> None:
        """Send more of a long response; after it, go on with the connection."""
        super().resume_writing()
        if self._closes is not None and self.sending is None:
            closes, self._closes = self._closes or not self.worker.alive, None
            self._resume_reading()
            self._go_on(closes)

    def _go_on(self, closes: bool) -> None:
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
        """Close the connection, unless it was used since: a timer per response would be slow."""
        if self._was_used:
            self._was_used = False
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
        connection.app.in_flight.inc()

    def add(self, data: bytes) -> bool:
        """Append bytes: many clients send a request in two pieces. False if it was parsed."""
        if self._job is not None or not self.connection.app.is_quick(len(self.data) + len(data)):
            return False
        self.data += data
        return True

    def resolve(self) -> Job[WSGIEnvironment] | None:
        """Parse it; None if the client has left, or gunicorn has to parse it."""
        if self._job is None and not self._is_done:
            self._job = self._parse()
            if self._job is None:
                self.pass_to_gunicorn()
        return self._job

    def reject(self, error: RejectedError) -> None:
        """Parse it, for its log line, and answer that it is rejected."""
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
        self.connection.app.in_flight.dec()

    def done(self) -> bool:
        """Whether it has left the queue."""
        return self._is_done

    def set_result(self, response: Response) -> None:
        """Send the response."""
        self.leave()
        self.connection.send(response)

    def set_exception(self, error: Exception) -> None:
        """Send the answer to a rejection, or to an app that failed."""
        job = self._job
        self.leave()
        if job and isinstance(error, RejectedError):
            self.connection.send(self.connection.app.rejection(job.request, error))
        else:
            self.connection.fail(error)

    def _parse(self) -> Job[WSGIEnvironment] | None:
        connection = self.connection
        parsed = parse_simple_request(self.data)
        if parsed is None:
            return None
        scope, body = parsed
        scope["scheme"] = "https" if connection._is_ssl else "http"
        scope["server"] = connection.transport.get_extra_info("sockname")[:2]
        scope["client"] = connection.transport.get_extra_info("peername")[:2]
        job = connection.app.deferred_job(scope, body, self.arrived)
        if job:
            job.result = self
        return job
