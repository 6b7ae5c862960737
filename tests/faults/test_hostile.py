"""Hostile and random requests against production's container: refused as promised, and soon."""

import hashlib
import time
from collections.abc import Iterator, Mapping

import pytest

from service.protocols.registry import NAMES
from tests import test_privacy
from tests.faults.conftest import Production, Report
from tests.support.bad_bodies import EXAMPLE
from tests.support.compose import Listener, Project
from tests.support.containers import docker
from tests.support.corpus import HOSTILE, KEYS, REFUSED_BY_FLASK
from tests.support.problems import assert_problem
from tests.support.raw import assert_still_serving, exchange, get
from tests.test_any_request import assert_any_request_is_answered_or_closed

KEY = b"correct"
LOCKED = {"environment": {"SERVICE_API_KEYS": hashlib.sha256(KEY).hexdigest()}}
MAX_ERROR_BYTES = 4096
DOORS = (
    b"/2015-03-31/functions/function/invocations",
    b"/invocations",
    b"/endpoints/endpoint/invocations",
    b"/v2/models/sensors/infer",
    b"/v1/models/sensors:predict",
)


@pytest.fixture(scope="module")
def spoken(production: Production) -> Iterator[Project]:
    """The service with every protocol."""
    with production(environment={"SERVICE_PROTOCOLS": ",".join(NAMES)}) as own:
        yield own


def try_all(own: Project, corpus: Mapping[str, tuple[int, bytes]]) -> float:
    """Send each; the longest that one took, in milliseconds."""
    at, longest = Listener(own.address), 0.0
    for name, (status, request) in corpus.items():
        start = time.perf_counter()
        answer = exchange(at, request)
        longest = max(longest, time.perf_counter() - start)
        assert answer is not None, name
        assert answer.status == status, name
        assert len(answer.body) < MAX_ERROR_BYTES, name
        if name in REFUSED_BY_FLASK:
            assert_problem(status, answer.headers["content-type"], answer.body)
    return 1000 * longest


def test_hostile_requests_are_refused_and_soon(production: Production, report: Report) -> None:
    with production() as own:
        longest = try_all(own, HOSTILE)
        assert_any_request_is_answered_or_closed(Listener(own.address), 300)
        assert own.request("POST", "/predict", EXAMPLE.decode())[0] == 200
        log = docker("logs", own.container).stdout
    with production(**LOCKED) as own:
        longest = max(longest, try_all(own, KEYS))
        good = exchange(Listener(own.address), get(b"/model", b"X-API-Key: " + KEY + b"\r\n"))
        assert good is not None
        assert good.status == 200
    report(
        f"{len(HOSTILE) + len(KEYS)} hostile requests",
        "each its status, a problem body where Flask is reached, under 4 KB, under 100 ms",
        f"all; at most {longest:.0f} ms",
    )
    assert "Traceback" not in log
    assert longest < 1000


@pytest.mark.parametrize("door", DOORS)
def test_so_they_are_at_the_door_of_each_dialect(spoken: Project, door: bytes) -> None:
    at = Listener(spoken.address)
    for name, (_, request) in HOSTILE.items():
        answer = exchange(at, request.replace(b" /predict", b" " + door, 1))
        assert answer is not None, name
        assert answer.status < 500 or answer.status == 501, name  # an unknown transfer coding
        assert b"Traceback" not in answer.body, name
        assert len(answer.body) < 2 * MAX_ERROR_BYTES, name  # an endpoint's error has it twice
    assert_still_serving(at)
    assert "Traceback" not in docker("logs", spoken.container).stdout


def test_what_was_sent_is_in_no_line_of_the_log(production: Production) -> None:
    with production(environment={"SERVICE_LOG_LEVEL": "debug"}) as own:
        at = Listener(own.address)
        for request in test_privacy.EVERYTHING.values():
            exchange(at, request)
        assert_still_serving(at)
        test_privacy.assert_log_tells_nothing(docker("logs", own.container).stdout)
