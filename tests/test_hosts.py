"""`SERVICE_HOSTS`: requests for another host get 421 (RFC 9110, section 15.5.20), by every way."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.app import create_app
from service.middleware.auth import AccessControl
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.lambda_events import ADDRESS, version_2
from tests.support.problems import assert_problem
from tests.support.raw import CHUNKED, CLOSE, LENGTH, an_answer, chunks, exchange, get, post
from tests.support.serving import BY_GUNICORN, Server, serve

OURS = ["api.example.com", "API.Example.Com:8080", "api.example.com:", "a.example.org", "[::1]:80"]
OTHERS = [
    *("example.com", "www.example.com", "api.example.com.evil.example", "notapi.example.com"),
    *(
        "example.org",
        "notexample.org",
        "a.example.org.",
        "127.0.0.1",
        "api.example.com@evil.example",
    ),
    *("", "[::2]", "api.example.com:80:80", "api.example.com, evil.example"),
]
HOSTS = ("api.example.com", "*.example.org", "[::1]")
SIZE = LENGTH % len(EXAMPLE)
WAYS = {
    "the fast path": post(SIZE, EXAMPLE),
    "in chunks": post(CHUNKED, chunks(EXAMPLE, 9)),
    "with a query": post(SIZE, EXAMPLE, b"/predict?probabilities=true"),
    "another route": get(b"/model").replace(CLOSE, b""),
    "the page": get(b"/").replace(CLOSE, b""),
    "another protocol": post(SIZE, EXAMPLE, ADDRESS.encode()),
}


@pytest.fixture(scope="module", params=["llhttp", "gunicorn"])
def limited(request: pytest.FixtureRequest, artifact: Path) -> Iterator[Server]:
    settings = BY_GUNICORN if request.param == "gunicorn" else {}
    with serve(artifact, SERVICE_HOSTS=",".join(HOSTS), **settings) as running:
        yield running


def to(request_bytes: bytes, host: str) -> bytes:
    return request_bytes.replace(b"Host: localhost", b"Host: " + host.encode(), 1)


@pytest.mark.parametrize("request_bytes", WAYS.values(), ids=WAYS)
def test_the_hosts_are_answered_and_no_other_by_any_way(
    limited: Server, request_bytes: bytes
) -> None:
    for host in OURS:
        answer = exchange(limited, to(request_bytes, host))
        assert answer
        assert answer.status == 200, host
    for host in OTHERS:
        answer = exchange(limited, to(request_bytes, host))
        assert answer
        assert answer.status == 421, host
        assert host == "" or host.encode() not in answer.body
        if ADDRESS.encode() not in request_bytes:
            assert_problem(421, answer.headers["content-type"], answer.body)


def test_a_connection_is_usable_after_the_refusal(limited: Server) -> None:
    with limited.connect() as connection:
        for host, status in (("evil.example", 421), ("api.example.com", 200)):
            connection.sendall(to(WAYS["the fast path"], host))
            answer = an_answer(connection)
            assert answer.status == status
    assert answer.body == ANSWER


def test_the_host_of_an_absolute_target_counts(limited: Server) -> None:
    for named, host, status in (
        ("api.example.com", "evil.example", 200),
        ("evil.example", "api.example.com", 421),
    ):
        target = f"http://{named}/predict".encode()
        answer = exchange(limited, to(post(SIZE, EXAMPLE, target), host))
        assert answer
        assert answer.status == status


def test_health_checks_and_metrics_are_answered_whatever_the_host(limited: Server) -> None:
    for path in ("/health", "/health/live"):
        assert limited.request("GET", path, headers={"Host": "10.0.0.1:8080"}).status == 200
    assert limited.metrics()["slipway_rows_total"] >= 0


def test_http_1_0_without_a_host_is_refused(limited: Server) -> None:
    bare = get(b"/model").replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: localhost\r\n", b"")
    answer = exchange(limited, bare)
    assert answer
    assert answer.status == 421


def test_without_the_setting_any_host_is_answered() -> None:
    for host in (*OURS, *OTHERS):
        assert AccessControl().is_allowed_host({"HTTP_HOST": host})
    assert AccessControl().is_allowed_host({})


def test_an_event_in_a_request_cannot_name_another_host(predictor: Predictor) -> None:
    client = create_app(Settings(hosts=HOSTS), predictor).test_client()
    event = version_2(body=EXAMPLE.decode(), headers={"host": "api.example.com"})
    for host, statuses in (("api.example.com", (200, 200)), ("evil.example", (421, None))):
        answer = client.post(ADDRESS, data=json.dumps(event), headers={"Host": host})
        assert (answer.status_code, answer.get_json().get("statusCode")) == statuses


def test_the_contract_has_the_status_if_hosts_are_limited(predictor: Predictor) -> None:
    for settings, expected in ((Settings(hosts=HOSTS), True), (Settings(), False)):
        client = create_app(settings, predictor).test_client()
        answer = client.get("/openapi.json", headers={"Host": "api.example.com"})
        paths = answer.get_json()["paths"]
        assert ("421" in paths["/predict"]["post"]["responses"]) is expected
        assert ("421" in paths["/model"]["get"]["responses"]) is expected
        assert "421" not in paths["/health"]["get"]["responses"]
