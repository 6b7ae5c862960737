"""A request head that never ends is cut off after 10 s, wherever in a connection it begins."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.bad_bodies import EXAMPLE
from tests.support.raw import LENGTH, an_answer, post, read_all, statuses
from tests.support.serving import BY_GUNICORN, Server, serve
from tests.test_slow_clients import AT_ONCE, assert_answers_at_once, can_be_read

SECONDS = 10.0
GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
HEAD = GOOD[: -len(EXAMPLE)]
PARTS = {
    "a byte": b"P",
    "half a line": HEAD[:10],
    "a line": HEAD[:25],
    "all but the last byte": HEAD[:-1],
}


def assert_heads_are_cut_off(server: Server) -> None:
    """After ten seconds, and no connection whose head came in two pieces."""
    begun = {f"{name}, first": part for name, part in PARTS.items()}
    begun |= {f"{name}, after a request": GOOD + part for name, part in PARTS.items()}
    with ExitStack() as stack:
        connections = {name: stack.enter_context(server.connect()) for name in begun}
        in_two = stack.enter_context(server.connect())
        for piece in (HEAD[:10], HEAD[10:] + EXAMPLE):
            assert not can_be_read(in_two, 0.05)
            in_two.sendall(piece)
        assert an_answer(in_two).status == 200
        kept = stack.enter_context(server.connect())
        kept.sendall(GOOD)
        assert an_answer(kept).status == 200
        connections["half a line, after an answer"] = kept
        begun["half a line, after an answer"] = PARTS["half a line"]
        dripping = stack.enter_context(server.connect())
        start = time.monotonic()
        for name, connection in connections.items():
            connection.sendall(begun[name])
        for number in range(len(HEAD) - 1):
            if can_be_read(dripping, SECONDS / 40):
                break
            dripping.sendall(HEAD[number : number + 1])
        assert_answers_at_once(server)
        connections["a drip"] = dripping
        for name, connection in connections.items():
            got = statuses(read_all(connection))
            assert got == ([200, 408] if "after a request" in name else [408]), name
            assert SECONDS - 0.2 < time.monotonic() - start < SECONDS + AT_ONCE, name
        in_two.sendall(GOOD)
        assert an_answer(in_two).status == 200


def test_a_head_that_never_ends_is_cut_off_after_ten_seconds(server: Server) -> None:
    assert_heads_are_cut_off(server)


@pytest.mark.slow
def test_so_it_is_where_gunicorn_parses_all_requests(artifact: Path) -> None:
    with serve(artifact, **BY_GUNICORN) as server:
        assert_heads_are_cut_off(server)
