"""An app whose responses have the requested length, and clients that read them slowly."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.bench.client import header
from tests.support.raw import LENGTH, post
from tests.support.serving import ROOT, TIMEOUT_SECONDS, Server, serve, wait_until

LINE = 10  # bytes
RECEIVED = 16_384  # bytes in the receive buffer of a client
APP = """
from dataclasses import replace

from service.api.request_state import state_of
from service.observability import logs
from service.server import unsent
from tests.support.asgi import make_bridge
from tests.support.long_answers import text

for name, value in {constants}.items():
    assert hasattr(unsent, name)
    setattr(unsent, name, value)
logs.configure("info")
PAGE = text(2_000_000)


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/predict" and state_of(environ).is_full():
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []
    if path == "/predict":
        reply = text(int(state_of(environ).body))
    elif path == "/page":
        reply = PAGE
    elif path == "/held":
        reply = b"%d" % bridge.unsent.held_bytes
    else:
        reply = bridge.metrics.text()
    chunked = environ["QUERY_STRING"] == "chunked"
    start_response("200 OK", [] if chunked else [("Content-Length", str(len(reply)))])
    return [reply]


bridge = make_bridge(app)
bridge.settings = replace(bridge.settings, max_body_bytes=1000, fast_path={fast_path})
"""


def text(size: int) -> bytes:
    """So many bytes of lines, which all differ."""
    return b"".join(b"%09d\n" % number for number in range(size // LINE))


def ask(size: int, target: bytes = b"/predict") -> bytes:
    """A request for a response of so many bytes."""
    return post(LENGTH % len(str(size)), b"%d" % size, target)


@contextmanager
def long_answers(
    folder: Path, *arguments: str, fast_path: bool = True, **constants: float
) -> Iterator[Server]:
    """A server of the app; `constants` replace those of `unsent.py`."""
    app = APP.replace("{constants}", repr(constants)).replace("{fast_path}", repr(fast_path))
    (folder / "long.py").write_text(app)
    own = ("--pythonpath", f"{ROOT},{folder}", *arguments, "long:bridge")
    with serve(folder / "none", *own) as server:
        yield server


class Client:
    """A client that reads a given number of bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.unread = b""  # of what was received

    def read_slowly(self, pieces: int, size: int, seconds: float) -> None:
        """Receive a few bytes at a time."""
        for _ in range(pieces):
            piece = self.connection.recv(size)
            assert piece, "the connection was closed within an answer"
            self.unread += piece
            after = time.monotonic() + seconds
            while time.monotonic() < after:
                time.sleep(seconds / 10)

    def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        head = self._until(b"\r\n\r\n").lower()
        if b"transfer-encoding: chunked" not in head:
            return int(head[9:12]), self._exactly(int(header(head, b"content-length")))
        body = b""
        while size := int(self._until(b"\r\n"), 16):
            body += self._exactly(size + 2)[:-2]
        assert self._exactly(2) == b"\r\n"
        return int(head[9:12]), body

    def is_closed(self) -> bool:
        """Whether the server has closed the connection, and everything was read."""
        return not self.unread and not self.connection.recv(1)

    def _until(self, end: bytes) -> bytes:
        while end not in self.unread:
            self._receive()
        found, _, self.unread = self.unread.partition(end)
        return found + end

    def _exactly(self, size: int) -> bytes:
        pieces, missing = [self.unread], size - len(self.unread)
        while missing > 0:
            pieces.append(self.connection.recv(missing))
            assert pieces[-1], "the connection was closed within an answer"
            missing -= len(pieces[-1])
        whole = b"".join(pieces)
        self.unread = whole[size:]
        return whole[:size]

    def _receive(self) -> None:
        piece = self.connection.recv(65_536)
        assert piece, "the connection was closed before an answer"
        self.unread += piece


@contextmanager
def client(server: Server, request: bytes) -> Iterator[Client]:
    """A client with a small receive buffer, which has sent a request."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(request)
        yield Client(connection)


def held(server: Server) -> int:
    """The bytes of unsent answers in the worker."""
    return int(server.request("GET", "/held").body)


def counted(server: Server, name: str) -> float:
    """The value of a metric."""
    text = server.request("GET", "/count").body.decode()
    [value] = [line.split()[-1] for line in text.splitlines() if line.startswith(name + " ")]
    return float(value)


def wait_until_disconnected(server: Server, number: int) -> None:
    """Wait until so many clients were disconnected."""
    name = "slipway_disconnected_total"
    wait_until(lambda: counted(server, name) == number, "clients to be disconnected")
