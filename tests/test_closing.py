"""`Connection: close` (RFC 9112, section 9.6): no further request of a connection is answered."""

import signal
from pathlib import Path

import pytest

from tests.support.bad_bodies import EXAMPLE
from tests.support.raw import CLOSE, LENGTH, an_answer, get, post, read_all, statuses
from tests.support.serving import BY_GUNICORN, Server, serve, wait_until

KEEP = b"Connection: keep-alive\r\n"
GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
HEALTH = get(b"/health/live").replace(CLOSE, b"")
ASKING = {
    "close": CLOSE,
    "in capitals": b"Connection: CLOSE\r\n",
    "among others": b"Connection: keep-alive, close\r\n",
    "before keep-alive": CLOSE + KEEP,
    "after keep-alive": KEEP + CLOSE,
    "with another option, before keep-alive": b"Connection: close, te\r\n" + KEEP,
    "after another option, before keep-alive": b"Connection: te\r\n" + CLOSE + KEEP,
}
# Answered with `Connection: close` by the service itself, though all of the request has come.
REFUSED = {
    "no host": (400, GOOD.replace(b"Host: localhost\r\n", b"")),
    "no address": (404, get(b"//health").replace(CLOSE, b"")),
    "an expectation": (417, HEALTH[:-2] + b"Expect: something\r\n\r\n"),
}


def all_statuses(server: Server, stream: bytes) -> list[int]:
    """The statuses of what comes until the server closes the connection."""
    with server.connect() as connection:
        connection.sendall(stream)
        return statuses(read_all(connection))


@pytest.mark.parametrize("fields", ASKING.values(), ids=ASKING)
def test_no_request_after_one_with_close_is_answered(server: Server, fields: bytes) -> None:
    last = post(LENGTH % len(EXAMPLE) + fields, EXAMPLE)
    assert all_statuses(server, GOOD + last + GOOD + HEALTH) == [200, 200]


@pytest.mark.parametrize(("status", "request_bytes"), REFUSED.values(), ids=REFUSED)
def test_no_request_after_a_response_with_close_is_answered(
    server: Server, status: int, request_bytes: bytes
) -> None:
    assert all_statuses(server, GOOD + request_bytes + GOOD) == [200, status]


@pytest.mark.parametrize("fields", [b"", KEEP, b"Connection: te\r\n"])
def test_any_other_connection_is_kept(server: Server, fields: bytes) -> None:
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(post(LENGTH % len(EXAMPLE) + fields, EXAMPLE))
            assert an_answer(connection).status == 200


@pytest.mark.parametrize("settings", [{}, BY_GUNICORN], ids=["llhttp", "gunicorn"])
def test_a_service_that_is_shutting_down_closes_connections_after_a_response(
    artifact: Path, settings: dict[str, str]
) -> None:
    with serve(artifact, SERVICE_DRAIN_SECONDS="60", **settings) as server:
        with server.connect() as kept:
            kept.sendall(GOOD)
            assert an_answer(kept).status == 200
            server.process.send_signal(signal.SIGTERM)
            wait_until(
                lambda: server.request("GET", "/health").status == 503,
                "/health to respond with 503",
            )
            kept.sendall(GOOD + GOOD)
            stream = read_all(kept)
        assert statuses(stream) == [200]
        assert b"\r\nconnection: close\r\n" in stream.lower()
        server.process.send_signal(signal.SIGINT)
