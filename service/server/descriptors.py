"""Keeps the number of connections within the limit of file descriptors of the process.

If a process has no descriptor left, asyncio logs a traceback for each connection that it cannot
accept, and then stops accepting for a second, so that health checks fail. The listener closes idle
connections before the limit is reached.
"""

import errno
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

RESERVED = 16  # descriptors that are not for connections, but for metrics and traces
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# Closes at most so many connections, and returns their sockets, which remain open until the next
# iteration of the loop.
MakeRoom = Callable[[int], Sequence[Any]]


def limit() -> int:
    """The number of file descriptors that this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class Listener(socket.socket):
    """A listening socket that takes over the descriptor of another, and keeps some in reserve."""

    def __init__(self, listening: socket.socket, make_room: MakeRoom) -> None:
        super().__init__(fileno=listening.detach())
        self._make_room = make_room
        self._most = limit() - RESERVED
        self._closing: Sequence[Any] = ()
        self._missing = 0  # descriptors of the reserve that are in use

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection, unless others must be closed first.

        A new descriptor is always the lowest free one (POSIX), so its number shows how many are in
        use. After BlockingIOError, the error for no new connection, the loop calls again in its
        next iteration.
        """
        if any(closing.fileno() >= 0 for closing in self._closing):
            raise BlockingIOError
        if self._missing:
            self._closing, self._missing = self._make_room(self._missing), 0
            raise BlockingIOError
        try:
            connection, address = super().accept()
        except OSError as error:
            self._closing = self._make_room(RESERVED) if error.errno in EXHAUSTED else ()
            if self._closing:
                raise BlockingIOError from error
            raise
        self._missing = max(0, connection.fileno() + 1 - self._most)
        return connection, address
