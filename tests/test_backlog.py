"""A burst of new connections waits for a busy worker; none has to try again."""

import os
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.raw import get, read_answer
from tests.serving import children_of, serve

BURST = 500
SOON = 0.9  # seconds; a client's system tries again after one


def test_a_burst_of_new_connections_finds_room_while_the_worker_is_busy(artifact: Path) -> None:
    with serve(artifact) as running, ExitStack() as stack:
        [worker] = children_of(running.process.pid)
        os.kill(worker, signal.SIGSTOP)
        try:
            connections = [
                stack.enter_context(socket.create_connection(("127.0.0.1", running.port), SOON))
                for _ in range(BURST)
            ]
        finally:
            os.kill(worker, signal.SIGCONT)
        connections[-1].settimeout(None)
        connections[-1].sendall(get(b"/health"))
        answer = read_answer(connections[-1])
        assert answer
        assert answer.status == 200
