"""gunicorn's HTTP/1.1 connection, stricter about time and about the end of a connection.

- A request head has HEAD_SECONDS from its first byte, and a connection on which nothing comes
  has gunicorn's keepalive.
- Where the client or the server says `Connection: close` (RFC 9112, section 9.6), that answer is
  the last of its connection.
- A long answer is sent in pieces, the next when the client has taken the last.

The names of gunicorn's that are used here are not public. If they change, tests/test_heads.py,
tests/test_closing.py and tests/test_unsent.py fail.
"""

import asyncio
from functools import partial
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol

from service.operations.unsent import ENOUGH, PIECE, Sending

HEAD_SECONDS = 10.0
CLOSE = (b"connection", b"close")

Headers = list[tuple[bytes, bytes]]


class Protocol(ASGIProtocol):  # type: ignore[misc]  # no type hints
    """A connection of gunicorn's event-loop worker."""

    sending: Sending | None = None
    _is_paused = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.WriteTransport) -> None:
        """Begin to wait for a request, but not for ever."""
        super().connection_made(transport)
        if self._callback_parser is not None:
            # What a client has not taken is watched until nothing of it is left here.
            transport.set_write_buffer_limits(ENOUGH, 0)
            self._arm_keepalive_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of an unfinished head, and forget what was not sent."""
        self._stop_head_timer()
        self.app.unsent.remove(self)
        self.sending = None
        super().connection_lost(exc)
        if self._flow_control is not None:
            self._flow_control.resume_writing()  # whoever waits to send holds an answer

    def pause_writing(self) -> None:
        """Watch the client: it does not take what there is for it."""
        self._is_paused = True
        super().pause_writing()
        self.app.unsent.add(self)

    def resume_writing(self) -> None:
        """Send the next pieces; go on with the connection when the last of them is gone."""
        self._is_paused = False
        if self.sending is not None:
            if not self.sending.go_on(self.transport):
                return
            self.sending = None
        if not self._is_paused:  # by the last piece
            self.app.unsent.remove(self)
            super().resume_writing()

    def _send_body(
        self, body: bytes, chunked: bool = False, last: bool = False, size: int | None = None
    ) -> None:
        """Send a body; of a long one so much as the client takes now, the rest later."""
        if len(body) <= PIECE:
            ASGIProtocol._send_body(self, body, chunked, last, size)
            return
        sending = Sending(body, chunked, last, partial(ASGIProtocol._send_body, self))
        self.sending = sending
        if sending.go_on(self.transport):
            self.sending = None

    @property
    def is_open(self) -> bool:
        """Whether it is connected, and not about to be closed."""
        return self.transport is not None and not self._closed

    @property
    def is_unfinished(self) -> bool:
        """Whether a request has come without all of its body."""
        receiver = self._body_receiver
        return receiver is not None and not receiver._complete

    @property
    def idle_until(self) -> float:
        """When it will have been kept for long enough, by the loop's time."""
        timer = self._keepalive_handle
        return timer.when() if timer else 0.0

    def end(self) -> None:
        """Close, as if the connection had been kept for too long."""
        super()._keepalive_timeout()

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Let gunicorn parse what came, and watch the time that a head takes."""
        goes_on: bool = ASGIProtocol._feed_callback_parser(self, data)  # faster than super()
        if self._request_ready.is_set():
            if self._head_timer is not None:
                self._stop_head_timer()
        elif goes_on and self._head_timer is None and self._is_in_a_head():
            self._head_timer = self.worker.loop.call_later(HEAD_SECONDS, self._head_timeout)
        return goes_on

    def _is_in_a_head(self) -> bool:
        """Whether a part of a head has come, and not all of it."""
        parser = self._callback_parser
        return parser is not None and bool(parser._state != "request_line" or parser._buffer)

    def _head_timeout(self) -> None:
        self._head_timer = None
        self._send_error_response(408, f"the head did not arrive within {HEAD_SECONDS:g} seconds")
        self.end()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _send_response_start(
        self, status: int, headers: Headers, request: Any, close: bool = False
    ) -> None:
        """Send the head of an answer: the last one, if it or its request says so.

        All Connection headers of the request count; gunicorn lets the last one decide.
        """
        if CLOSE in headers or (request._connection and _asks_to_close(request.headers_bytes)):
            self._keepalive = 0  # gunicorn then serves no further request
            close = True
        ASGIProtocol._send_response_start(self, status, headers, request, close)


def _asks_to_close(headers: Headers) -> bool:
    values = b",".join(value for name, value in headers if name == b"connection")
    return any(option.strip(b" \t").lower() == b"close" for option in values.split(b","))
