"""How spans leave the service: from each worker, at its end, and without a collector."""

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

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
from tests.support.serving import ROOT, free_port, wait_until

OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
WATCH = f"""
import os, runpy
globals().update(runpy.run_path({str(ROOT / "gunicorn.conf.py")!r}))

def pre_fork(server, worker):
    with open({{path!r}}, "a") as file:
        print(len(os.listdir("/proc/self/task")), file=file)
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def test_each_worker_exports(artifact: Path, collector: Collector) -> None:
    with traced(artifact, collector.endpoint, WEB_CONCURRENCY="2", **OFTEN) as server:

        def both() -> bool:
            server.predict(EXAMPLE)
            return len({span.resource["service.instance.id"] for span in collector.spans}) == 2

        wait_until(both, "spans of two processes")


def test_without_the_bridge_requests_are_answered_and_nothing_is_exported(
    artifact: Path, collector: Collector
) -> None:
    plain = ("--worker-class", "gthread", "service.app:create_app()")
    with traced(artifact, collector.endpoint, *plain, **OFTEN) as server:
        assert server.predict(EXAMPLE).body == ANSWER
        assert spans_of(collector, server) == []


def test_opentelemetry_s_own_switch_leaves_no_span_and_no_trace_in_the_log(
    artifact: Path, collector: Collector
) -> None:
    with traced(artifact, collector.endpoint, OTEL_SDK_DISABLED="true") as server:
        assert server.predict(EXAMPLE).body == ANSWER
        lines = stopped(server)
    assert not collector.spans
    [line] = [line for line in lines if line["message"] == "request"]
    assert "otel_trace_id" not in line


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_there_is_one_thread_before_the_fork(
    artifact: Path, collector: Collector, tmp_path: Path
) -> None:
    counts, configuration = tmp_path / "threads", tmp_path / "watch.py"
    configuration.write_text(WATCH.format(path=str(counts)))
    with traced(artifact, collector.endpoint, "--config", str(configuration)) as server:
        server.predict(EXAMPLE)
        assert spans_of(collector, server)
    assert counts.read_text() == "1\n"


def silent() -> socket.socket:
    """Something that takes connections and never answers."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(100)
    return listening


@pytest.mark.slow
@pytest.mark.parametrize("answers", [False, True], ids=["refuses", "is silent"])
def test_a_collector_that_is_down_costs_spans_and_nothing_else(
    artifact: Path, answers: bool
) -> None:
    with silent() as taken:
        port = taken.getsockname()[1] if answers else free_port()
        with traced(artifact, f"http://127.0.0.1:{port}", **OFTEN) as server:
            wait_until(
                lambda: (
                    server.predict(EXAMPLE).status == 200 and "export" in server.log.read_text()
                ),
                "a line that says that spans are lost",
            )
            begin = time.monotonic()
            for _ in range(20):
                assert server.predict(EXAMPLE).body == ANSWER
            assert time.monotonic() - begin < 20  # with a second's wait for each it would be more
            lines = stopped(server)
    lost = [line for line in lines if "otel" in line["logger"] or "telem" in line["logger"]]
    assert {line["level"] for line in lost} == {"warning"}


@pytest.mark.slow
def test_stopping_does_not_wait_for_a_collector_that_is_down(artifact: Path) -> None:
    with silent() as taken:  # the exporter itself would wait for 10 seconds, as gunicorn does
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with traced(artifact, endpoint, WEB_CONCURRENCY="2", **EXPORT_AT_END) as server:
            for _ in range(20):
                server.predict(EXAMPLE)
            lines = stopped(server)
    assert "not exported in time" in str(lines)
