"""Long responses that clients are slow to read: sent in pieces, bounded in all, and in time.

A connection gets the next piece of a response when its client has read the last, so a response is
in memory once. A client that reads nothing for STALLED_SECONDS is disconnected, sooner if the
memory is needed for other responses.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from struct import pack, unpack
from termios import TIOCOUTQ
from time import monotonic
from typing import Any, Protocol

from prometheus_client import Counter

PIECE = 65_536  # bytes; a longer response is sent in pieces of this length
ENOUGH = 65_536  # bytes in the buffer of a connection; above it no piece is added
MAX_UNSENT_BYTES = 33_554_432  # of all unsent responses; from then on no other long one is computed
STALLED_SECONDS = 30.0  # for which a client may read nothing
NEEDED_SECONDS = 5.0  # for which it may read less than a piece, while others need the memory
LOOK_SECONDS = 1.0  # between two checks of what was read
KERNEL_BYTES = 131_072  # unsent bytes of a connection that the kernel holds besides

log = logging.getLogger("slipway.connections")

Write = Callable[[bytes, bool, bool], object]  # a piece, whether in chunks, whether the last


class Sending:
    """One long response that is being sent; it holds the body until the last piece is written."""

    def __init__(self, body: bytes, chunked: bool, last: bool, write: Write) -> None:
        self.body = body
        self.chunked = chunked
        self.last = last
        self.write = write
        self.sent = 0

    @property
    def left(self) -> int:
        """How many bytes are not written yet."""
        return len(self.body) - self.sent

    def go_on(self, transport: asyncio.WriteTransport) -> bool:
        """Write pieces until the transport has enough for now; whether all are written."""
        while self.left and transport.get_write_buffer_size() <= ENOUGH:
            if transport.is_closing():
                return False
            piece = self.body[self.sent : self.sent + PIECE]
            self.sent += len(piece)
            self.write(piece, self.chunked, self.last and not self.left)
        return not self.left


class Connection(Protocol):
    """The part of a connection that is used here."""

    transport: Any
    sending: Sending | None


class Unsent:
    """The connections of one worker whose clients have not read all of their responses."""

    def __init__(self, disconnected: Counter) -> None:
        self.disconnected = disconnected
        self._waiting: dict[Connection, tuple[int, float]] = {}  # unsent bytes, and since when
        self._refused = float("-inf")  # when a request was, because the memory was full
        self._is_looking = False

    def add(self, connection: Connection) -> None:
        """Watch a connection whose buffer is full."""
        loop = asyncio.get_running_loop()
        self._waiting[connection] = unsent(connection), loop.time()
        if not self._is_looking:
            self._is_looking = True
            loop.call_later(LOOK_SECONDS, self._look)

    def remove(self, connection: Connection) -> None:
        """Stop watching a connection: all is sent, or it is closed."""
        self._waiting.pop(connection, None)

    @property
    def held_bytes(self) -> int:
        """The bytes of all that is unsent; a body that several connections send counts once."""
        bodies, rest = {}, 0
        for connection in list(self._waiting):  # a copy: the compute thread calls this, too
            if sending := connection.sending:
                bodies[id(sending.body)] = len(sending.body)
            rest += connection.transport.get_write_buffer_size()
        return sum(bodies.values()) + rest

    def is_full(self) -> bool:
        """Whether no other long response may be computed now."""
        if self._waiting and self.held_bytes >= MAX_UNSENT_BYTES:
            self._refused = monotonic()  # the clock of the loop
            return True
        return False

    def _look(self) -> None:
        """Disconnect clients that have read too little; check again while any remain."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        is_needed = now - self._refused < 2 * NEEDED_SECONDS  # refused clients retry
        longest, least = (NEEDED_SECONDS, PIECE) if is_needed else (STALLED_SECONDS, 1)
        for connection, (before, since) in list(self._waiting.items()):
            left = unsent(connection)
            if before - left >= least:
                self._waiting[connection] = left, now
            elif now - since >= longest:
                self._disconnect(connection, left, now - since)
        self._is_looking = bool(self._waiting)
        if self._is_looking:
            loop.call_later(LOOK_SECONDS, self._look)

    def _disconnect(self, connection: Connection, left: int, seconds: float) -> None:
        self.remove(connection)
        self.disconnected.inc()
        fields = {"unsent_bytes": left, "seconds": round(seconds, 1)}
        log.warning("disconnected a client that does not read", extra={"fields": fields})
        connection.transport.abort()


def unsent(connection: Connection) -> int:
    """How many bytes the client has not acknowledged, in this process and in the kernel.

    The kernel accepts more only when it has sent much of what it has, so its queue shows sooner
    that a client reads slowly.
    """
    transport, sending = connection.transport, connection.sending
    left: int = transport.get_write_buffer_size() + (sending.left if sending else 0)
    own = transport.get_extra_info("socket")
    with suppress(OSError):  # not every system and kind of socket supports it
        (queued,) = unpack("i", ioctl(own.fileno(), TIOCOUTQ, pack("i", 0)))
        left += queued
    return left


def bound_kernel(listening: socket.socket) -> None:
    """Limit how much unread data the kernel holds for each connection of a listening socket."""
    if hasattr(socket, "TCP_NOTSENT_LOWAT") and listening.family != socket.AF_UNIX:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_BYTES)
