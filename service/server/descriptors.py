"""Connections stay within the descriptors that a process may open.

When a process has no descriptor left, asyncio logs a traceback for each connection that it cannot
accept, and pauses for a second each time. Health checks then fail, too. So the listener closes
connections that wait for their client before the limit is reached.
"""

import errno
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

RESERVE = 16  # descriptors for all but connections: reading metrics, exporting traces
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# Closes so many connections, or fewer, and returns their sockets; the loop's next round ends them.
MakeRoom = Callable[[int], Sequence[Any]]


def limit() -> int:
    """How many descriptors this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class Listener(socket.socket):
    """A listening socket, which takes over the descriptor of another, and keeps a reserve."""

    def __init__(self, listening: socket.socket, make_room: MakeRoom) -> None:
        super().__init__(fileno=listening.detach())
        self._make_room = make_room
        self._most = limit() - RESERVE
        self._leaving: Sequence[Any] = ()
        self._missing = 0  # of the reserve

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection, unless others have to be closed first.

        A new descriptor is always the lowest that is free (POSIX), so its number tells how many
        are in use. BlockingIOError, as if no connection waited, makes the loop ask again in its
        next round.
        """
        if any(leaving.fileno() >= 0 for leaving in self._leaving):
            raise BlockingIOError
        if self._missing:
            self._leaving, self._missing = self._make_room(self._missing), 0
            raise BlockingIOError
        try:
            connection, address = super().accept()
        except OSError as error:
            self._leaving = self._make_room(RESERVE) if error.errno in EXHAUSTED else ()
            if self._leaving:
                raise BlockingIOError from error
            raise
        self._missing = max(0, connection.fileno() + 1 - self._most)
        return connection, address
