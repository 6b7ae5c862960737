"""Whatever clients send: no log line holds it, each is one JSON object, no answer echoes it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bad_bodies import BAD_JSON
from tests.support.bad_requests import REFUSED_BY_GUNICORN, REFUSED_BY_THE_APP
from tests.support.bad_tables import BAD_TABLES
from tests.support.raw import CLOSE, LENGTH, assert_still_serving, exchange, get, post
from tests.support.serving import Server, serve

CANARY = b"canary-0f7d9e"
LENGTH_AND_CLOSE = LENGTH + CLOSE


def send(body: bytes, headers: bytes = b"", target: bytes = b"/predict") -> bytes:
    return post(headers + LENGTH_AND_CLOSE % len(body), body, target)


def send_csv(body: bytes) -> bytes:
    return send(body).replace(b"application/json", b"text/csv")


GOOD = b'{"sensor_1": 1, "sensor_2": 1}'
# Values: neither logs nor answers have them.
VALUES = {
    "a string": send(b'{"sensor_1": "%s", "sensor_2": 1}' % CANARY),
    "a string in a list": send(b'{"sensor_1": ["%s"], "sensor_2": 1}' % CANARY),
    "a list in a string": send(b'{"sensor_1": "[%s]", "sensor_2": 1}' % CANARY),
    "a key in a value": send(b'{"sensor_1": {"%s": 1}, "sensor_2": 1}' % CANARY),
    "a row": send(b'{"instances": ["%s"]}' % CANARY),
    "a value in a row": send(b'{"instances": [["%s", 1]]}' % CANARY),
    "instances": send(b'{"instances": "%s"}' % CANARY),
    "the whole body": send(b'"%s"' % CANARY),
    "no JSON": send(CANARY),
    "no UTF-8": send(b"\xff" + CANARY),
    "a cell": send_csv(b"sensor_1,sensor_2\n1,%s\n" % CANARY),
    "a broken table": send_csv(b'sensor_1,sensor_2\n1,"%s\n' % CANARY),
    "a ragged table": send_csv(b"sensor_1,sensor_2\n1,1,%s\n" % CANARY),
    "a form": send(b"--%s" % CANARY).replace(
        b"application/json", b"multipart/form-data; boundary=" + CANARY
    ),
    "a type": send(GOOD).replace(b"application/json", b"application/" + CANARY),
    "a charset": send(GOOD).replace(b"application/json", b"application/json; charset=" + CANARY),
    "an encoding": send(GOOD, b"Content-Encoding: %s\r\n" % CANARY),
    "an expectation": send(GOOD, b"Expect: %s\r\n" % CANARY),
    "headers": send(
        GOOD,
        b"".join(
            b"%s: %s\r\n" % (name, CANARY)
            for name in (
                *(b"Authorization", b"X-API-Key", b"Cookie", b"User-Agent", b"Referer", b"Accept"),
                *(b"X-Forwarded-For", b"X-Forwarded-Host", b"X-Amzn-Trace-Id", b"Origin"),
                *(b"If-Match", b"Range", b"From", b"X-" + CANARY),
            )
        ),
    ),
    "a request id that is none": send(GOOD, b"X-Request-ID: %s!\r\n" % CANARY),
    "a host": send(GOOD).replace(b"Host: localhost", b"Host: " + CANARY),
    "a host that is none": get(b"/model/").replace(b"localhost", b"[" + CANARY),
    "an address": get(b"/" + CANARY),
    "an address beneath a route": get(b"/predict/" + CANARY),
    "an absolute address": get(b"http://%s/health" % CANARY),
    "a query": get(b"/model?%s=%s" % (CANARY, CANARY)),
    "a query's value": send(GOOD, target=b"/predict?probabilities=" + CANARY),
    "a body of a health check": send(CANARY, target=b"/health"),
    "a long body": post(LENGTH % 10**9, CANARY),
    "a length": post(b"Content-Length: %s\r\n" % CANARY, GOOD),
    "a header that is none": get(b"/health", CANARY + b"\r\n"),
    "a request line that is none": CANARY + b"\r\n\r\n",
    "a long request line": get(b"/" + CANARY * 1000),
}
# Names: an error names a misspelt one, so that the client can find it.
NAMES = {
    "a name": send(b'{"%s": 1}' % CANARY),
    "a name twice": send(b'{"%s": 1, "%s": 1}' % (CANARY, CANARY)),
    "a name in a row": send(b'{"instances": [{"%s": 1}]}' % CANARY),
    "a column": send_csv(b"%s,sensor_2\n1,1\n" % CANARY),
    "a parameter": send(GOOD, target=b"/predict?%s=1" % CANARY),
    "a request id": send(b"{}", b"X-Request-ID: req-%s\r\n" % CANARY[:6]),
    "a header's name": get(b"/health", b"%s(: 1\r\n" % CANARY),
    "a transfer coding": post(b"Transfer-Encoding: %s\r\n" % CANARY, GOOD),
    "a method": get(b"/health", method=CANARY[:6]),
}
EVERYTHING = {
    **{name: send(case.body) for name, case in BAD_JSON.items()},
    **{name: send_csv(case.body) for name, case in BAD_TABLES.items()},
    **{name: request for name, (_, request) in REFUSED_BY_GUNICORN.items()},
    **{name: request for name, (_, request) in REFUSED_BY_THE_APP.items()},
    **VALUES,
    **NAMES,
}


@pytest.fixture
def overheard(artifact: Path) -> Iterator[Server]:
    """A server whose log is read afterwards; its environment has secrets of others."""
    with serve(artifact, SERVICE_LOG_LEVEL="debug", DATABASE_URL=CANARY.decode()) as running:
        yield running


@pytest.mark.parametrize("request_bytes", VALUES.values(), ids=VALUES)
def test_no_answer_echoes_a_value(server: Server, request_bytes: bytes) -> None:
    answer = exchange(server, request_bytes)
    assert answer is not None
    assert CANARY not in answer.body
    assert CANARY.decode() not in str(answer.headers)


@pytest.mark.parametrize("request_bytes", NAMES.values(), ids=NAMES)
def test_a_misspelt_name_is_repeated_in_few_characters(
    server: Server, request_bytes: bytes
) -> None:
    answer = exchange(server, request_bytes)
    assert answer is not None
    assert len(answer.body) < 500
    assert answer.body.count(CANARY) <= 1


@pytest.mark.slow
def test_no_log_line_holds_what_a_client_sent_and_each_is_json(overheard: Server) -> None:
    for request_bytes in EVERYTHING.values():
        exchange(overheard, request_bytes)
    assert_still_serving(overheard)
    assert CANARY.decode() not in str(overheard.metrics())
    assert_log_tells_nothing(overheard.log.read_text())


def assert_log_tells_nothing(text: str) -> None:
    """Of EVERYTHING that was sent; and each line is one JSON object."""
    assert CANARY.decode() not in text
    assert "Traceback" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    requests = [line for line in lines if line["logger"] == "slipway.requests"]
    assert len(requests) > len(BAD_JSON) + len(BAD_TABLES)
    known = {"/predict", "/health", "/health/live", "/model", "/metrics", None}
    assert {line["route"] for line in requests} <= known
    assert {line["status"] for line in requests if line["status"] >= 500} <= {501}


@pytest.mark.slow
def test_a_key_is_in_no_log_line_answer_or_metric(artifact: Path) -> None:
    digest = hashlib.sha256(CANARY).hexdigest()
    sent = [
        get(path, b"%s: %s%s\r\n" % (name, scheme, key))
        for path in (b"/model", b"/nowhere", b"/health", b"/predict?" + CANARY)
        for name, scheme in ((b"X-API-Key", b""), (b"Authorization", b"Bearer "))
        for key in (CANARY, CANARY + b"!")
    ]
    with serve(artifact, SERVICE_LOG_LEVEL="debug", SERVICE_API_KEYS=digest) as running:
        answers = [exchange(running, request_bytes) for request_bytes in sent]
        mine = {"X-API-Key": CANARY.decode()}
        metrics = running.request("GET", "/metrics", headers=mine, port=running.metrics_port)
        everything = f"{answers} {metrics} {running.log.read_text()}"
    assert {answer.status for answer in answers if answer} == {200, 401, 404, 405}
    assert (metrics.status, b"slipway_requests_total" in metrics.body) == (200, True)
    assert CANARY.decode() not in everything
    assert digest not in everything
