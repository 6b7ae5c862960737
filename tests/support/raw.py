"""Sends requests byte for byte, also those that no HTTP client would send, and reads responses."""

import http.client
import re
import socket
import struct
from typing import Protocol

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.serving import Answer

JSON = b"Host: localhost\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: %d\r\n"


def post(headers: bytes, body: bytes = b"", target: bytes = b"/predict") -> bytes:
    """A POST of JSON with these further header lines."""
    return b"POST %s HTTP/1.1\r\n" % target + JSON + headers + b"\r\n" + body


def get(target: bytes, headers: bytes = b"", method: bytes = b"GET") -> bytes:
    """A request without a body, the last of its connection."""
    return b"%s %s HTTP/1.1\r\nHost: localhost\r\n" % (method, target) + CLOSE + headers + b"\r\n"


def chunks(body: bytes, size: int) -> bytes:
    """A body in chunks of this size."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def read_answer(connection: socket.socket, method: str = "GET") -> Answer | None:
    """The next response, which must be the last; None if the connection was closed without one."""
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    except (http.client.RemoteDisconnected, ConnectionError):
        return None
    finally:
        response.close()


def an_answer(connection: socket.socket) -> Answer:
    """The next response; there must be one."""
    answer = read_answer(connection)
    assert answer is not None
    return answer


def statuses(stream: bytes) -> list[int]:
    """The statuses of all responses in a stream."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", stream)]


class Listening(Protocol):
    """An object that accepts connections."""

    def connect(self) -> socket.socket:
        """Open a connection."""
        ...


def exchange(server: Listening, request: bytes, half_close: bool = False) -> Answer | None:
    """Send bytes over a new connection; the first response."""
    with server.connect() as connection:
        connection.sendall(request)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return read_answer(connection, request.split(b" ")[0].decode("latin-1"))


def read_all(connection: socket.socket) -> bytes:
    """All bytes until the server closes the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def reset(connection: socket.socket) -> None:
    """Close a connection with a reset, like a client that crashed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def assert_still_serving(server: Listening) -> None:
    """Check that the published example still gets its predictions."""
    answer = exchange(server, post(CLOSE + LENGTH % len(EXAMPLE), EXAMPLE))
    assert answer is not None
    assert (answer.status, answer.body) == (200, ANSWER)
