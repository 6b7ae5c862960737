"""Traces under the real gunicorn with a real collector: what is in a span, what is not, and off."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.collector import (
    EXPORT_AT_END,
    Collector,
    collecting,
    spans_of,
    stopped,
    traced,
)
from tests.support.raw import exchange
from tests.support.serving import ROOT, TIMEOUT_SECONDS, Server, clean_environment
from tests.test_privacy import CANARY, EVERYTHING, GOOD, send
from tests.test_server import refusal

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01", "Content-Type": "application/json"}
SERVER = 2  # OTLP's number for the kind of a span that answers a request
CRASHING = """
from service.asgi import application

bridge = application()


def crash():
    raise ValueError("could not convert %s")


bridge.app.view_functions["predict"] = crash
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def test_a_prediction_is_one_span_that_continues_its_client_s_trace(
    artifact: Path, collector: Collector
) -> None:
    with traced(artifact, collector.endpoint, **EXPORT_AT_END) as server:
        answer = server.request("POST", "/predict", EXAMPLE, TRACEPARENT)
        assert (answer.status, answer.body) == (200, ANSWER)
        assert not collector.spans
        lines = stopped(server)
    [span] = collector.spans  # flushed at SIGTERM, and the health checks gave none
    assert (span.name, span.kind) == ("POST /predict", SERVER)
    assert (span.trace, span.parent) == (TRACE, PARENT)
    assert span.attributes["http.status_code"] == 200
    assert span.resource["service.name"] == "slipway"
    [line] = [line for line in lines if line["message"] == "request"]
    assert line["otel_trace_id"] == TRACE


def test_opentelemetry_s_own_variables_hold(artifact: Path, collector: Collector) -> None:
    own = {
        "OTEL_SERVICE_NAME": "parts",
        "OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=7,team=blue",
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        "OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider",
    }
    with traced(artifact, collector.endpoint, **own) as server:
        server.predict(EXAMPLE)
        server.request("POST", "/predict", EXAMPLE, TRACEPARENT)
        [span] = spans_of(collector, server)
    assert span.trace == TRACE
    wanted = {"service.name": "parts", "service.instance.id": "7", "team": "blue"}
    assert wanted.items() <= span.resource.items()


def test_only_health_and_metrics_are_left_out(artifact: Path, collector: Collector) -> None:
    out = ["/health", "/health/live", "/health?a=b", "/metrics"]
    traced_ones = ["/model", "/model?next=http://localhost/health", "/x/health", "/health/none"]
    with traced(artifact, collector.endpoint) as server:
        for path in out + traced_ones:
            server.request("GET", path)
        spans = spans_of(collector, server)
    addresses = [f"http://127.0.0.1:{server.port}{path}" for path in traced_ones]
    assert [span.attributes["http.url"] for span in spans] == addresses


@pytest.mark.parametrize("body", [EXAMPLE, json.dumps({"instances": [[1, 1]] * 10_000})])
def test_a_kept_connection_carries_no_trace_over(
    artifact: Path, collector: Collector, body: bytes | str
) -> None:
    with traced(artifact, collector.endpoint) as server:  # in the loop, and in its thread
        connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
        for headers in (TRACEPARENT, {"Content-Type": "application/json"}, TRACEPARENT):
            connection.request("POST", "/predict", body, headers)
            assert connection.getresponse().read()
        connection.close()
        spans = spans_of(collector, server)
    assert [span.parent for span in spans] == [PARENT, "", PARENT]
    assert [span.trace == TRACE for span in spans] == [True, False, True]
    assert {span.kind for span in spans} == {SERVER}


def test_spans_hold_no_payload_and_no_key(artifact: Path, collector: Collector) -> None:
    names = (b"Authorization", b"X-API-Key", b"Cookie", b"X-" + CANARY, b"Referer")
    headers = b"".join(b"%s: %s\r\n" % (name, CANARY) for name in names)
    bodies = [text for text in EVERYTHING.values() if CANARY not in text.split(b"\r\n\r\n")[0]]
    with traced(artifact, collector.endpoint) as server:
        for request in [send(GOOD, headers), *bodies]:
            exchange(server, request)
        spans = spans_of(collector, server)
    assert len(bodies) > 20
    assert len(spans) > len(bodies) / 2  # some do not get past gunicorn's parser
    assert CANARY.decode() not in str([span.text for span in spans])


def test_the_span_of_a_crash_has_an_error_without_the_exception_s_message(
    artifact: Path, collector: Collector, tmp_path: Path
) -> None:
    (tmp_path / "crashing.py").write_text(CRASHING % CANARY.decode())
    own = ("--pythonpath", str(tmp_path), "crashing:bridge")
    with traced(artifact, collector.endpoint, *own, PYTHONDONTWRITEBYTECODE="1") as server:
        assert server.predict(EXAMPLE).status == 500
        server.process.terminate()
        assert server.process.wait(TIMEOUT_SECONDS) == 0
    [span] = collector.spans
    assert span.attributes["http.status_code"] == 500
    assert "STATUS_CODE_ERROR" in span.text
    assert CANARY.decode() not in span.text
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert [line["level"] for line in lines if line["level"] != "info"] == ["error"]


@pytest.mark.slow
def test_whatever_clients_send_is_answered_as_without_traces(
    artifact: Path, collector: Collector, server: Server
) -> None:
    def problem_of(running: Server, request: bytes) -> Any:
        answer = exchange(running, request)
        if answer is None or not answer.body.startswith(b"{"):
            return answer and (answer.status, answer.body)
        content = json.loads(answer.body)
        content.pop("request_id", None)
        return answer.status, sorted(set(answer.headers)), content

    with traced(artifact, collector.endpoint) as own:
        for name, request in EVERYTHING.items():
            assert problem_of(own, request) == problem_of(server, request), name
        lines = stopped(own)
    own_loggers = {"slipway.requests", "slipway.predict", "gunicorn.error"}
    assert {line["logger"] for line in lines} <= own_loggers


def test_nothing_of_opentelemetry_is_imported_unless_wanted(artifact: Path) -> None:
    program = (
        "import sys, service.asgi; service.asgi.application().start_up(); "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    for wanted in ("false", "true"):
        environment = clean_environment(SERVICE_MODEL=str(artifact), SERVICE_TRACES=wanted)
        command = [sys.executable, "-c", program]
        said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        assert (said.stdout == "[]\n") == (wanted == "false")


def test_the_error_for_missing_packages_names_them(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "opentelemetry.py").write_text("raise ModuleNotFoundError(__name__)\n")
    own = {"SERVICE_MODEL": str(artifact), "SERVICE_TRACES": "true", "PYTHONPATH": str(tmp_path)}
    own["PYTHONDONTWRITEBYTECODE"] = "1"
    assert "pip install opentelemetry-sdk" in refusal(78, None, **own)


def test_a_propagator_that_is_not_installed_is_named(artifact: Path) -> None:
    own = {"SERVICE_MODEL": str(artifact), "SERVICE_TRACES": "true", "OTEL_PROPAGATORS": "xray"}
    assert "xray" in refusal(78, None, **own)
