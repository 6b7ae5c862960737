"""gunicorn's HTTP/1.1 connection, stricter about time and about the end of a connection.

- A request head has HEAD_SECONDS from its first byte, and a connection on which nothing comes
  has gunicorn's keepalive.
- Behind a proxy that gunicorn trusts, the client is whom X-Forwarded-For names.
- Where the client or the server says `Connection: close` (RFC 9112, section 9.6), that answer is
  the last of its connection.

The names of gunicorn's that are used here are not public. If they change, tests/test_heads.py and
tests/test_closing.py fail.
"""

import asyncio
from functools import cache
from typing import Any

from gunicorn.asgi.parser import CallbackRequest
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.config import Config

from service.operations import forwarded
from service.operations.forwarded import Proxies
from service.operations.wsgi import Scope

HEAD_SECONDS = 10.0
CLOSE = (b"connection", b"close")

Headers = list[tuple[bytes, bytes]]


class Protocol(ASGIProtocol):  # type: ignore[misc]  # no type hints
    """A connection of gunicorn's event-loop worker."""

    _head_timer: asyncio.TimerHandle | None = None
    _proxies: Proxies | None = None  # if the peer is one of them

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request, but not for ever."""
        peer = transport.get_extra_info("peername")
        proxies = proxies_of(self.cfg)
        if proxies.trusts(peer[0] if isinstance(peer, tuple) else ""):
            self._proxies = proxies
        super().connection_made(transport)
        if self._callback_parser is not None:
            self._arm_keepalive_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of an unfinished head."""
        self._stop_head_timer()
        super().connection_lost(exc)

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

    def name_client(self, scope: Scope) -> None:
        """Put the client's address in place of a proxy's."""
        if self._proxies is None:
            return
        entries = [value for name, value in scope["headers"] if name == forwarded.HEADER]
        if entries:
            peer = scope["client"][0] if scope["client"] else ""
            scope["client"] = (self._proxies.client(peer, b",".join(entries).decode("latin-1")), 0)

    def _build_http_scope(self, request: CallbackRequest, sockname: Any, peername: Any) -> Scope:
        scope: Scope = super()._build_http_scope(request, sockname, peername)
        self.name_client(scope)
        return scope

    def _feed_callback_parser(self, data: bytes) -> bool:
        """Let gunicorn parse what came, and watch the time that a head takes."""
        goes_on: bool = super()._feed_callback_parser(data)
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

    def _will_close(self, request: CallbackRequest, response_requires_close: bool) -> bool:
        """Look at all Connection headers of a request; gunicorn lets the last one decide."""
        if request._connection is not None and _asks_to_close(request.headers_bytes):
            return True
        will_close: bool = super()._will_close(request, response_requires_close)
        return will_close

    def _send_response_start(
        self, status: int, headers: Headers, request: Any, close: bool = False
    ) -> None:
        """Send the head of an answer; one that says `Connection: close` is the last."""
        if CLOSE in headers:
            self._keepalive = 0  # gunicorn then serves no further request
        super()._send_response_start(status, headers, request, close)


@cache
def proxies_of(config: Config) -> Proxies:
    """Those that gunicorn trusts; made once for a worker."""
    return Proxies(config.forwarded_allow_ips)


def _asks_to_close(headers: Headers) -> bool:
    values = b",".join(value for name, value in headers if name == b"connection")
    return any(option.strip(b" \t").lower() == b"close" for option in values.split(b","))
