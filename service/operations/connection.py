"""gunicorn's connection; but in a crowd plain predictions wait as they came, unread.

To gunicorn a request is two tasks and a pass of its parser: half of what a prediction costs. That
is good enough, and well tried, until more come than it can do. Then those in line are read when
they have their turn, several at a time, and answered right there: 1.6 times as many. The names of
gunicorn's used here are not public: if they change, the tests of a crowd fail.
"""

from time import perf_counter
from types import SimpleNamespace
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol

from service.operations import plain
from service.operations.admission import RefusedError
from service.operations.protocol import Protocol
from service.operations.waiting import Waiting
from service.operations.wsgi import Answer

READ = SimpleNamespace(
    version=(1, 1), _connection=None
)  # what gunicorn asks of a request that it answers


class Connection(Protocol):
    """A connection of a worker whose app is a Bridge."""

    unread: "Unread | None" = None
    _was_used = False  # since a timer was set
    _closes: bool | None = None  # whether it ends with the answer that `send` has begun

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        # Whether gunicorn was asked to count, to log or to hand on each request: it has to see it.
        self._is_watched = bool(
            self.cfg.max_requests
            or self.log.access_log_enabled
            or self._pre_request
            or self._post_request
        )

    @property
    def is_idle(self) -> bool:
        """Whether nothing has come, or nothing but a part of a head."""
        return bool(self._awaiting_request) and self.unread is None and self.sending is None

    @property
    def is_waiting(self) -> bool:
        """Whether no request has come, or nothing but a part of a head: also before it is idle."""
        return self._current_request is None and self.unread is None and self.sending is None

    def data_received(self, data: bytes) -> None:
        """Let a plain prediction wait in the crowd, if there is one; all else is gunicorn's."""
        if self.unread is not None:
            if self.unread.add(data):
                return
            self.unread.pass_on()
        elif (
            data.startswith(plain.FIRST)
            and self.app.line.is_crowded
            and self.app.is_quick(len(data))
            and self._is_ready()
        ):
            self.unread = Unread(self, data)
            self._was_used = True
            self.app.line.join(self.unread)
            return
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up the place in line."""
        if self.unread is not None:
            self.unread.leave()
        super().connection_lost(exc)

    def send(self, answer: Answer) -> None:
        """Send an answer as gunicorn does."""
        status, headers, body = answer
        closes = self.app.drain.is_on or not self.worker.alive
        self._send_response_start(status, headers, READ, close=closes)
        self._send_body(body)
        if self.sending is None:
            self._go_on(closes)
        else:  # nothing else may be read, or answered, in between
            self._pause_reading()
            self._cancel_keepalive_timer()
            self._closes = closes

    def resume_writing(self) -> None:
        """Send more of a long answer; after it, go on with the connection."""
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
        """What gunicorn does if an app fails."""
        self.log.error("Error in ASGI application", exc_info=error)
        self._send_error_response(500, "Internal Server Error")
        self.end()

    def _keepalive_timeout(self) -> None:
        """Close, unless it was used meanwhile: a timer for each answer would cost too much."""
        if self._was_used:
            self._was_used = False
            self._arm_keepalive_timer()
        else:
            self.end()

    def _is_ready(self) -> bool:
        """Whether gunicorn has done with what came before, and the client with its answers."""
        parser = self._callback_parser
        return (
            parser is not None
            and not self._is_watched
            and parser._state == "request_line"
            and not parser._buffer
            and not self._request_ready.is_set()
            and not self._flow_control.write_paused
        )


class Unread:
    """A request that waits as it came. It is its own turn: its answer is sent when it is there."""

    __slots__ = ("_is_done", "_one", "came", "connection", "data")

    def __init__(self, connection: Connection, data: bytes) -> None:
        self.connection = connection
        self.data = data
        self.came = perf_counter()
        self._one: Waiting | None = None
        self._is_done = False
        connection.app.in_flight.inc()

    def add(self, data: bytes) -> bool:
        """Take more of it, which many clients send in two pieces; not if it was read."""
        if self._one is not None or not self.connection.app.is_quick(len(self.data) + len(data)):
            return False
        self.data += data
        return True

    def here(self) -> Waiting | None:
        """Read it, as it has its turn; None if it has left, or is for gunicorn to read."""
        if self._one is None and not self._is_done:
            self._one = self._read()
            if self._one is None:
                self.pass_on()
        return self._one

    def refuse(self, error: RefusedError) -> None:
        """Give it no turn."""
        if one := self.here():
            one.refuse(error)

    def pass_on(self) -> None:
        """Let gunicorn go on with it."""
        self.leave()
        ASGIProtocol.data_received(self.connection, self.data)

    def leave(self) -> None:
        """Wait no more."""
        if self._is_done:
            return
        self._is_done = True
        self._one = self.connection.unread = None
        self.connection.app.in_flight.dec()

    def done(self) -> bool:
        """Whether it has had its turn, or has left."""
        return self._is_done

    def set_result(self, answer: Answer) -> None:
        """Send its answer."""
        self.leave()
        self.connection.send(answer)

    def set_exception(self, error: Exception) -> None:
        """Tell why it got none."""
        one = self._one
        self.leave()
        if one and isinstance(error, RefusedError):
            self.connection.send(self.connection.app.refusal(one.environ, error))
        else:
            self.connection.fail(error)

    def _read(self) -> Waiting | None:
        connection = self.connection
        request = plain.read(self.data)
        if request is None:
            return None
        scope, body = request
        scope["scheme"] = "https" if connection._is_ssl else "http"
        scope["server"] = connection.transport.get_extra_info("sockname")[:2]
        scope["client"] = connection.transport.get_extra_info("peername")[:2]
        read: Waiting | None = connection.app.read(scope, body, self.came, self)
        return read
