"""A crowd of clients at once."""

import os
import signal
import socket
from contextlib import ExitStack

from tests.raw import exchange, get
from tests.serving import Server, children_of

MANY = 200


def burst(server: Server, request: bytes, stack: ExitStack) -> list[socket.socket]:
    """As many connections, on each of which a request comes while the worker is stopped."""
    connections = [stack.enter_context(server.connect()) for _ in range(MANY)]
    assert exchange(server, get(b"/health"))  # and all have been accepted
    [worker] = children_of(server.process.pid)
    os.kill(worker, signal.SIGSTOP)
    try:
        for connection in connections:
            connection.sendall(request)
    finally:
        os.kill(worker, signal.SIGCONT)
    return connections
