"""gunicorn's HTTP/1.1 protocol, one object per connection, with more limits of time.

- A request head has HEAD_SECONDS from its first byte, and a connection on which nothing arrives
  is closed after gunicorn's keepalive.
- After a request or a response with `Connection: close` (RFC 9112, section 9.6), the connection is
  closed.
- A long response is sent in pieces, the next one when the client has read the last.

tests/test_heads.py, tests/test_closing.py and tests/test_unsent.py test this; compat.py lists
gunicorn's private names.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.asgi.protocol import ASGIProtocol

from service.server.gunicorn.compat import BETWEEN_REQUESTS
from service.server.unsent import MAX_BUFFERED_BYTES, PIECE_BYTES, Sending

if TYPE_CHECKING:
    from service.server.asgi_app import ASGIApp

HEAD_SECONDS = 10.0
CLOSE = (b"connection", b"close")

Headers = list[tuple[bytes, bytes]]


class Protocol(ASGIProtocol):  # type: ignore[misc]  # no type hints
    """A connection of gunicorn's event-loop worker."""

    app: "ASGIApp"
    sending: Sending | None = None  # a long response that the client has not read
    _is_paused = False  # because the client does not read
    _head_timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is connected, and not about to be closed."""
        return self.transport is not None and not self._closed

    @property
    def is_idle(self) -> bool:
        """Whether gunicorn waits for a request, of which a part of the head may have arrived."""
        return bool(self._awaiting_request) and self.sending is None

    @property
    def is_waiting(self) -> bool:
        """Whether there is no request yet: as `is_idle`, and also before gunicorn waits for one."""
        return self._current_request is None and self.sending is None

    @property
    def is_unfinished(self) -> bool:
        """Whether a request has arrived without all of its body."""
        receiver = self._body_receiver
        return receiver is not None and not receiver._complete

    @property
    def idle_until(self) -> float:
        """When gunicorn will close it, by the loop's time; 0 if no timer runs."""
        timer = self._keepalive_handle
        return timer.when() if timer else 0.0

    def connection_made(self, transport: asyncio.WriteTransport) -> None:
        """Limit the time until the first request, too, which gunicorn does not."""
        super().connection_made(transport)
        if self._callback_parser is not None:
            # gunicorn calls resume_writing only when nothing is left to send.
            transport.set_write_buffer_limits(MAX_BUFFERED_BYTES, 0)
            self._arm_keepalive_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of an unfinished head, and discard the unsent response."""
        self._stop_head_timer()
        self.app.unsent.remove(self)
        self.sending = None
        super().connection_lost(exc)
        if self._flow_control is not None:
            self._flow_control.resume_writing()  # a task that waits to send holds a response

    def pause_writing(self) -> None:
        """Watch the client, which does not read at the moment."""
        self._is_paused = True
        super().pause_writing()
        self.app.unsent.add(self)

    def resume_writing(self) -> None:
        """Send the next pieces, or continue with the connection if the last of them is sent."""
        self._is_paused = False
        if self.sending is not None:
            if not self.sending.write_pieces(self.transport):
                return
            self.sending = None
        if not self._is_paused:  # by the last piece
            self.app.unsent.remove(self)
            super().resume_writing()

    def _send_body(
        self, body: bytes, chunked: bool = False, last: bool = False, size: int | None = None
    ) -> None:
        """Send a body, a long one in pieces as the client reads them."""
        if len(body) <= PIECE_BYTES:
            ASGIProtocol._send_body(self, body, chunked, last, size)
            return
        sending = Sending(body, chunked, last, partial(ASGIProtocol._send_body, self))
        self.sending = sending
        if sending.write_pieces(self.transport):
            self.sending = None

    def end(self) -> None:
        """Close the connection, as after the keepalive."""
        ASGIProtocol._keepalive_timeout(self)

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Pass received bytes to gunicorn's parser, and limit the time of an unfinished head."""
        goes_on: bool = ASGIProtocol._feed_callback_parser(self, data)  # faster than super()
        if self._request_ready.is_set():
            if self._head_timer is not None:
                self._stop_head_timer()
        elif goes_on and self._head_timer is None and self._has_part_of_a_head():
            self._head_timer = self.worker.loop.call_later(HEAD_SECONDS, self._head_timeout)
        return goes_on

    def _has_part_of_a_head(self) -> bool:
        parser = self._callback_parser
        return parser is not None and bool(parser._state != BETWEEN_REQUESTS or parser._buffer)

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
        """Send the head of a response. With `close` in it or in its request, it is the last one.

        All Connection headers of the request count; gunicorn reads only the last one.
        """
        if CLOSE in headers or (request._connection and _has_close(request.headers_bytes)):
            self._keepalive = 0  # gunicorn then reads no further request
            close = True
        ASGIProtocol._send_response_start(self, status, headers, request, close)


def _has_close(headers: Headers) -> bool:
    values = b",".join(value for name, value in headers if name == b"connection")
    return any(option.strip(b" \t").lower() == b"close" for option in values.split(b","))
