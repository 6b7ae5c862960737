"""The log line of a request has the client's address and the name of its key."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.bad_bodies import EXAMPLE
from tests.support.flood import MANY, burst
from tests.support.raw import CHUNKED, CLOSE, LENGTH, an_answer, exchange, get, post
from tests.support.serving import BY_GUNICORN, Server, serve, wait_until

CLIENT, SPOOFED = "203.0.113.7", "198.51.100.9"
FORWARDED = f"X-Forwarded-For: {SPOOFED}, {CLIENT}\r\n".encode()
KEYS = {"mobile": b"correct-horse", "web": b"battery-staple", None: b"staple-horse"}
DIGESTS = ",".join(
    f"{name or ''}:{hashlib.sha256(key).hexdigest()}".lstrip(":") for name, key in KEYS.items()
)
LENGTH_OF_EXAMPLE = LENGTH % len(EXAMPLE)


def bring(name: str | None) -> bytes:
    return b"X-API-Key: %s\r\n" % KEYS[name]


# By which way each is answered, with its status. All but the last are sent with a key's name.
WAYS = {
    "the fast path": (200, post(LENGTH_OF_EXAMPLE + CLOSE, EXAMPLE)),
    "Flask, with a query": (
        200,
        post(LENGTH_OF_EXAMPLE + CLOSE, EXAMPLE, b"/predict?probabilities=true"),
    ),
    "Flask, another route": (200, get(b"/model")),
    "no route": (404, get(b"/nowhere")),
    "a body that does not fit": (422, post(LENGTH % 2 + CLOSE, b"{}")),
    "a body that is too long": (413, post(LENGTH % 10**9 + CLOSE)),
    "a transfer coding": (501, post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n")),
    "two slashes": (404, get(b"//model")),
    "a body that never comes": (408, post(CHUNKED)),
}


@pytest.fixture(scope="module")
def keyed(artifact: Path) -> Iterator[Server]:
    """A server with three keys, that gives a body one second."""
    with serve(artifact, SERVICE_API_KEYS=DIGESTS, SERVICE_BODY_SECONDS="1") as running:
        yield running


def lines_of(server: Server) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in server.log.read_bytes().splitlines()]
    return [line for line in lines if line["message"] == "request"]


def line_for(server: Server, request_bytes: bytes, status: int) -> dict[str, Any]:
    """Send a request; its line in the log."""
    answer = exchange(server, request_bytes)
    assert answer
    assert answer.status == status

    def found() -> list[dict[str, Any]]:
        asked = answer.headers["x-request-id"]
        return [line for line in lines_of(server) if line["request_id"] == asked]

    wait_until(lambda: bool(found()), "its line")
    [line] = found()
    assert line["status"] == status
    return line


@pytest.mark.parametrize(("status", "request_bytes"), WAYS.values(), ids=WAYS)
def test_every_way_of_an_answer_is_logged_with_client_and_key(
    keyed: Server, status: int, request_bytes: bytes
) -> None:
    named = request_bytes.replace(b"\r\n", b"\r\n" + bring("web") + FORWARDED, 1)
    line = line_for(keyed, named, status)
    assert (line["client"], line["key"]) == (CLIENT, "web")


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_logged_by_its_name_or_not_at_all(keyed: Server, name: str | None) -> None:
    assert line_for(keyed, get(b"/model", bring(name)), 200)["key"] == name


def test_a_client_without_a_key_is_logged_by_its_address(keyed: Server) -> None:
    for fields in (b"", b"X-API-Key: another\r\n"):
        line = line_for(keyed, get(b"/model", fields + FORWARDED), 401)
        assert (line["client"], line["key"]) == (CLIENT, None)


def test_without_proxy_or_keys_it_is_the_peer_without_a_name(server: Server) -> None:
    line = line_for(server, get(b"/model"), 200)
    assert (line["client"], line["key"]) == ("127.0.0.1", None)


def test_several_headers_are_one_list(server: Server) -> None:
    fields = f"X-Forwarded-For: {SPOOFED}\r\nX-Forwarded-For: {CLIENT}, 127.0.0.1\r\n".encode()
    assert line_for(server, get(b"/model", fields), 200)["client"] == CLIENT


@pytest.mark.parametrize(
    ("allowed", "client"),
    [("192.0.2.1", "127.0.0.1"), ("127.0.0.0/8", CLIENT), ("*", CLIENT)],
)
def test_the_header_counts_only_from_proxies_that_gunicorn_trusts(
    artifact: Path, allowed: str, client: str
) -> None:
    for settings in ({}, BY_GUNICORN):
        with serve(artifact, FORWARDED_ALLOW_IPS=allowed, **settings) as server:
            for fields in (FORWARDED, FORWARDED + CLOSE):
                one = post(LENGTH_OF_EXAMPLE + fields, EXAMPLE)
                assert line_for(server, one, 200)["client"] == client


def test_under_load_answers_and_rejections_name_the_client(artifact: Path) -> None:
    settings = {"SERVICE_API_KEYS": DIGESTS, "SERVICE_QUEUE_SECONDS": "0.001"}
    one = post(LENGTH_OF_EXAMPLE + FORWARDED + bring("mobile"), EXAMPLE)
    with serve(artifact, **settings) as server, ExitStack() as stack:
        for connection in burst(server, one, stack):
            an_answer(connection)
        wait_until(lambda: len(lines_of(server)) == MANY, "all lines")
        assert {line["status"] for line in lines_of(server)} == {200, 503}
        assert {(line["client"], line["key"]) for line in lines_of(server)} == {(CLIENT, "mobile")}
