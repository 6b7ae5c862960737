"""Sends long responses in pieces, and limits how much memory and time slow clients take.

A connection gets the next piece of a response when its client has read the last, so a response is
in memory once. A client that reads nothing for STALLED_SECONDS is disconnected, or sooner if other
responses need the memory.
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

PIECE_BYTES = 65_536  # a longer response is sent in pieces of this length
MAX_BUFFERED_BYTES = 65_536  # in the buffer of a connection; above it no piece is added
MAX_UNSENT_BYTES = 33_554_432  # of all unsent responses; from then on no other long one is computed
STALLED_SECONDS = 30.0  # for which a client may read nothing
NEEDED_SECONDS = 5.0  # for which it may read less than a piece, while others need the memory
CHECK_SECONDS = 1.0  # between two checks of how much was read
KERNEL_BYTES = 131_072  # unsent bytes of a connection in the kernel, at most

log = logging.getLogger("slipway.connections")

Write = Callable[[bytes, bool, bool], object]  # a piece, whether in chunks, whether the last


class Sending:
    """A long response that is being sent. It keeps the body until the last piece is written."""

    def __init__(self, body: bytes, chunked: bool, last: bool, write: Write) -> None:
        self.body = body
        self.chunked = chunked
        self.last = last
        self.write = write
        self.sent = 0

    @property
    def unwritten_bytes(self) -> int:
        """The number of bytes that are not written yet."""
        return len(self.body) - self.sent

    def write_pieces(self, transport: asyncio.WriteTransport) -> bool:
        """Write pieces until the transport's buffer is full; whether all are written."""
        while self.unwritten_bytes and transport.get_write_buffer_size() <= MAX_BUFFERED_BYTES:
            if transport.is_closing():
                return False
            piece = self.body[self.sent : self.sent + PIECE_BYTES]
            self.sent += len(piece)
            self.write(piece, self.chunked, self.last and not self.unwritten_bytes)
        return not self.unwritten_bytes


class Connection(Protocol):
    """The attributes of a connection that this module uses."""

    transport: Any
    sending: Sending | None


class Unsent:
    """The connections of one worker whose clients have not read all of their responses."""

    def __init__(self, disconnected: Counter) -> None:
        self.disconnected = disconnected
        self._waiting: dict[Connection, tuple[int, float]] = {}  # unsent bytes, and since when
        self._refused = float("-inf")  # the last time that a request was refused for lack of memory
        self._is_checking = False

    def add(self, connection: Connection) -> None:
        """Watch a connection whose buffer is full."""
        loop = asyncio.get_running_loop()
        self._waiting[connection] = unsent(connection), loop.time()
        if not self._is_checking:
            self._is_checking = True
            loop.call_later(CHECK_SECONDS, self._check)

    def remove(self, connection: Connection) -> None:
        """Stop watching a connection: all is sent, or it is closed."""
        self._waiting.pop(connection, None)

    @property
    def held_bytes(self) -> int:
        """The bytes of all unsent responses. A body that several connections send counts once."""
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

    def _check(self) -> None:
        """Disconnect clients that have read too little; check again while any remain."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        is_needed = now - self._refused < 2 * NEEDED_SECONDS  # refused clients retry
        longest, least = (NEEDED_SECONDS, PIECE_BYTES) if is_needed else (STALLED_SECONDS, 1)
        for connection, (before, since) in list(self._waiting.items()):
            left = unsent(connection)
            if before - left >= least:
                self._waiting[connection] = left, now
            elif now - since >= longest:
                self._disconnect(connection, left, now - since)
        self._is_checking = bool(self._waiting)
        if self._is_checking:
            loop.call_later(CHECK_SECONDS, self._check)

    def _disconnect(self, connection: Connection, left: int, seconds: float) -> None:
        self.remove(connection)
        self.disconnected.inc()
        fields = {"unsent_bytes": left, "seconds": round(seconds, 1)}
        log.warning("disconnected a client that does not read", extra={"fields": fields})
        connection.transport.abort()


def unsent(connection: Connection) -> int:
    """The number of bytes that the client has not acknowledged, in this process and in the kernel.

    The kernel accepts more bytes only when it has sent many of those that it has. So the length of
    its queue shows sooner whether the client reads.
    """
    transport, sending = connection.transport, connection.sending
    left: int = transport.get_write_buffer_size() + (sending.unwritten_bytes if sending else 0)
    own = transport.get_extra_info("socket")
    with suppress(OSError):  # some systems and kinds of sockets do not support it
        (queued,) = unpack("i", ioctl(own.fileno(), TIOCOUTQ, pack("i", 0)))
        left += queued
    return left


def limit_kernel_buffer(listening: socket.socket) -> None:
    """Limit how much unread data the kernel holds for each connection of a listening socket."""
    if hasattr(socket, "TCP_NOTSENT_LOWAT") and listening.family != socket.AF_UNIX:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_BYTES)
