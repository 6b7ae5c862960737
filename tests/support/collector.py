"""A trace collector: receives OTLP over HTTP, decodes it and stores the spans of a service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from tests.support.serving import TIMEOUT_SECONDS, Server, serve

EXPORT_AT_END = {"OTEL_BSP_SCHEDULE_DELAY": "600000"}  # ms; nothing is exported before the end


@dataclass(frozen=True, slots=True)
class Span:
    """The decoded content of a span, and of the description of its process."""

    name: str
    kind: int
    trace: str
    parent: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    text: str  # all of it


@dataclass(slots=True)
class Collector:
    """The address of a collector, and the spans that it has received."""

    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Store the spans of one export."""
        for of_one_process in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = plain(of_one_process.resource.attributes)
            for of_one_library in of_one_process.scope_spans:
                self.spans += [
                    Span(
                        name=span.name,
                        kind=span.kind,
                        trace=span.trace_id.hex(),
                        parent=span.parent_span_id.hex(),
                        attributes=plain(span.attributes),
                        resource=resource,
                        text=str(span),
                    )
                    for span in of_one_library.spans
                ]


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes as Python values."""
    pairs: list[KeyValue] = list(attributes)
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a free port."""
    collector = Collector()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        collector.endpoint = f"http://127.0.0.1:{receiver.server_port}"
        thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            receiver.shutdown()
            thread.join()


@contextmanager
def traced(artifact: Path, endpoint: str, *arguments: str, **more: str) -> Iterator[Server]:
    """Serve an artifact, and export traces."""
    more = {"SERVICE_TRACES": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **more}
    with serve(artifact, *arguments, **more) as server:
        yield server


def stopped(server: Server) -> list[dict[str, Any]]:
    """Stop the server as its container does, check that its worker ended by itself, and return its
    log."""
    server.process.terminate()
    assert server.process.wait(TIMEOUT_SECONDS) == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert [line for line in lines if "exception" in line or line["level"] == "error"] == []
    booted = [line for line in lines if line["message"].startswith("Booting worker")]
    exited = [line for line in lines if line["message"].startswith("Worker exiting")]
    assert len(booted) == len(exited)
    return lines


def spans_of(collector: Collector, server: Server) -> list[Span]:
    """All spans, once the service has stopped."""
    stopped(server)
    return collector.spans
