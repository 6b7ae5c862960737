"""Long answers: in pieces, one of them in memory for each slow client, and not for ever."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.support.long_answers import (
    Client,
    ask,
    client,
    counted,
    held,
    long_answers,
    text,
    wait_until_disconnected,
)
from tests.support.raw import LENGTH, post, reset
from tests.support.serving import TIMEOUT_SECONDS, Server, children_of, serve, wait_until
from training.pack import pack
from training.samples.sample import read

LONG, LONGER = 3_000_000, 5_000_000  # bytes: more than any system keeps for a connection like this
STALLED = 1.0  # seconds
ROUTES = pytest.mark.parametrize("fast_path", [True, False], ids=["llhttp", "gunicorn"])
LINUX = pytest.mark.skipif(not Path("/proc").is_dir(), reason="memory is read from /proc")
LABELS = 100
MOST_MB = 200  # of a worker


@pytest.fixture(params=[True, False], ids=["llhttp", "gunicorn"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server of long answers, which soon disconnects clients that do not read."""
    soon = {"STALLED_SECONDS": STALLED, "CHECK_SECONDS": 0.05}
    with long_answers(tmp_path, fast_path=request.param, **soon) as server:
        yield server


def assert_goes_on(one: Client) -> None:
    """The connection has not lost its place: it takes a further request."""
    one.connection.sendall(ask(100))
    assert one.answer() == (200, text(100))


def test_a_client_that_reads_slowly_gets_the_whole_answer(own: Server) -> None:
    with client(own, ask(LONG)) as one:
        one.read_slowly(pieces=25, size=65_536, seconds=STALLED / 10)
        assert one.answer() == (200, text(LONG))
        assert_goes_on(one)
    assert counted(own, "slipway_disconnected_total") == 0


def test_so_does_one_that_reads_less_than_would_make_room_for_another_piece(own: Server) -> None:
    """What the kernel has sent counts as read, though it takes no more of the answer."""
    with client(own, ask(LONG)) as one:
        one.read_slowly(pieces=12, size=8192, seconds=STALLED / 4)
        assert counted(own, "slipway_disconnected_total") == 0
        assert one.answer() == (200, text(LONG))


def test_requests_that_arrive_meanwhile_are_answered_after_it_in_order(own: Server) -> None:
    sizes = (LONG, 100, LONGER, 200, *[300_000, 250_000] * 20, 300)
    with client(own, b"".join(map(ask, sizes))) as one:
        for size in sizes:
            assert one.answer() == (200, text(size))
        assert_goes_on(one)


def test_a_request_that_arrives_while_the_response_is_sent_waits_for_its_end(own: Server) -> None:
    with client(own, ask(LONG)) as one:
        wait_until(lambda: held(own) >= LONG, "the answer to wait for its client")
        one.connection.sendall(ask(200))
        assert one.answer() == (200, text(LONG))
        assert one.answer() == (200, text(200))
        assert_goes_on(one)


def test_an_answer_without_a_length_is_whole_as_well(own: Server) -> None:
    with client(own, ask(LONG, b"/predict?chunked")) as one:
        assert one.answer() == (200, text(LONG))
        assert_goes_on(one)


def test_the_last_answer_of_a_connection_is_whole_as_well(own: Server) -> None:
    request = post(b"Connection: close\r\n" + LENGTH % 7, b"3000000")
    with client(own, request) as one:
        one.read_slowly(pieces=3, size=65_536, seconds=0.1)
        assert one.answer() == (200, text(LONG))
        assert one.is_closed()


def test_a_client_that_reads_nothing_is_disconnected(own: Server) -> None:
    with client(own, ask(LONG)) as deaf, client(own, ask(100)) as idle:
        assert idle.answer() == (200, text(100))
        wait_until(lambda: held(own) >= LONG, "the answer to wait for its client")
        wait_until_disconnected(own, 1)
        with pytest.raises((ConnectionResetError, AssertionError)):
            deaf.answer()
        assert held(own) == 0
        assert_goes_on(idle)
    [line] = [line for line in own.log.read_text().splitlines() if "does not read" in line]
    reply = json.loads(line)
    assert reply["seconds"] >= STALLED
    assert reply["unsent_bytes"] > LONG / 2


def test_a_client_that_disconnects_frees_its_memory_at_once(tmp_path: Path) -> None:
    """Not after gunicorn's time for it, in which its answer would stay in memory."""
    grace = ("--asgi-disconnect-grace-period", "60")
    with (
        long_answers(tmp_path, *grace, fast_path=False) as server,
        client(server, ask(LONG)) as one,
    ):
        wait_until(lambda: held(server) >= LONG, "the answer to wait for its client")
        assert counted(server, "slipway_requests_in_flight") == 2
        reset(one.connection)
        wait_until(lambda: held(server) == 0, "the answer to be forgotten")
        wait_until(lambda: counted(server, "slipway_requests_in_flight") == 1, "its end")


def test_while_too_much_is_unsent_others_are_refused_and_it_is_disconnected_sooner(
    tmp_path: Path,
) -> None:
    with long_answers(
        tmp_path, MAX_UNSENT_BYTES=LONG, NEEDED_SECONDS=0.3, CHECK_SECONDS=0.05
    ) as server:
        with client(server, ask(LONG)):
            wait_until(lambda: held(server) >= LONG, "the answer to wait for its client")
            assert counted(server, "slipway_disconnected_total") == 0
            assert server.predict("100").status == 503
            wait_until_disconnected(server, 1)
        assert server.predict("100").status == 200


def test_so_is_one_that_reads_less_than_a_piece_in_that_time(tmp_path: Path) -> None:
    with (
        long_answers(
            tmp_path, MAX_UNSENT_BYTES=LONG, NEEDED_SECONDS=0.5, CHECK_SECONDS=0.05
        ) as server,
        client(server, ask(LONG)) as slow,
    ):
        slow.read_slowly(pieces=15, size=1024, seconds=0.1)
        assert counted(server, "slipway_disconnected_total") == 0
        assert server.predict("100").status == 503
        with pytest.raises((ConnectionResetError, AssertionError)):
            slow.read_slowly(pieces=300, size=1024, seconds=0.1)
        assert counted(server, "slipway_disconnected_total") == 1
        assert server.predict("100").status == 200


def test_an_answer_that_several_get_counts_once(tmp_path: Path) -> None:
    request = ask(1, b"/page")
    with long_answers(tmp_path) as server, ExitStack() as stack:
        clients = [stack.enter_context(client(server, request)) for _ in range(3)]
        wait_until(lambda: held(server) > 2_000_000, "the answers to wait for their clients")
        for one in clients:
            one.read_slowly(pieces=1, size=1, seconds=0)
        assert held(server) < 2_500_000
        for one in clients:
            assert one.answer()[1] == text(2_000_000)


@pytest.mark.slow
@ROUTES
def test_a_stopping_service_finishes_what_is_read_and_leaves_the_rest(
    tmp_path: Path, fast_path: bool
) -> None:
    with (
        long_answers(tmp_path, fast_path=fast_path) as server,
        client(server, ask(LONG)) as deaf,
        client(server, ask(LONGER)) as slow,
    ):
        wait_until(lambda: held(server) >= LONG + LONGER, "both answers to wait")
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        slow.read_slowly(pieces=10, size=65_536, seconds=0.1)
        assert slow.answer() == (200, text(LONGER))
        assert slow.is_closed()
        assert server.process.wait(TIMEOUT_SECONDS) == 0
        assert time.monotonic() - begin < 20, "gunicorn's graceful_timeout is 10"
        with pytest.raises((ConnectionResetError, AssertionError)):
            deaf.answer()


@pytest.fixture(scope="module")
def many_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of which 10,000 rows have a million probabilities, 20 MB of text."""
    folder = tmp_path_factory.mktemp("many")
    chance = np.random.default_rng(0)
    rows, labels = chance.normal(size=(1000, 5)), [f"label {n % LABELS}" for n in range(1000)]
    model = LogisticRegression().fit(rows, labels)
    header = ",".join("abcde")
    np.savetxt(folder / "rows.csv", rows[:50], delimiter=",", header=header, comments="")
    sample = read(folder / "rows.csv")
    pack(model, sample, targets=[], name="many", folder=folder / "model")
    return folder / "model"


def memory(worker: int) -> float:
    """MB of a process that are in use."""
    [size] = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    return int(size) / 1024


@pytest.mark.slow
@LINUX
def test_fifty_clients_that_do_not_read_leave_the_worker_small(many_labels: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(10_000, 5)).round(3).tolist()
    body = json.dumps({"instances": rows}).encode()
    request = post(LENGTH % len(body), body, b"/predict?probabilities=true")
    few = json.dumps({"instances": rows[:3]})
    turns = {"SERVICE_QUEUE_SECONDS": "60", "SERVICE_DEADLINE_SECONDS": "60"}
    with serve(many_labels, **turns) as server, ExitStack() as stack:
        [worker] = children_of(server.process.pid)
        deaf = [stack.enter_context(client(server, request)) for _ in range(50)]
        begun = [one.connection.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) for one in deaf]
        assert set(begun) == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert memory(worker) < MOST_MB
        assert server.predict(few).status == 200
        [refused, *_] = [one for one, head in zip(deaf, begun, strict=True) if b"503" in head]
        answer = refused.connection.recv(1000)
        assert b"\r\nretry-after: " in answer
        assert b"too many long answers are waiting for slow clients" in answer
