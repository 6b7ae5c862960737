"""Emulates the part of Lambda's runtime API that a runtime uses.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the next event, and its response or
error; or the error of the function's initialisation.
"""

import json
import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

from tests.support.serving import ROOT, TIMEOUT_SECONDS, clean_environment

VERSION = "/2018-06-01/runtime"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:sensors"


@dataclass(slots=True)
class Runtime:
    """Queued events for a function, and its replies: (kind, content)."""

    events: "queue.Queue[tuple[str, Any]]" = field(default_factory=queue.Queue)
    replies: "queue.Queue[tuple[str, Any]]" = field(default_factory=queue.Queue)

    def invoke(self, event: Any) -> tuple[str, Any]:
        """Send an event; the reply is ("response", result) or ("error", exception)."""
        identity = str(uuid4())
        self.events.put((identity, event))
        kind, content = self.replies.get(timeout=TIMEOUT_SECONDS)
        assert kind in (f"invocation/{identity}/response", f"invocation/{identity}/error"), content
        return kind.rsplit("/", 1)[1], content


@contextmanager
def runtime_api(address: str = "127.0.0.1") -> Iterator[tuple[str, Runtime]]:
    """Run the API; yields its host and port, and its events and replies."""
    runtime = Runtime()

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with suppress(ConnectionError):  # the function is killed while it waits
                super().handle()

        def do_GET(self) -> None:
            assert self.path == f"{VERSION}/invocation/next"
            identity, event = runtime.events.get()
            content = json.dumps(event).encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", identity)
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 30) * 1000)))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            runtime.replies.put((self.path.removeprefix(f"{VERSION}/"), json.loads(content)))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True  # one thread waits for an event that never arrives

    with Server((address, 0), Api) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{address}:{server.server_port}", runtime
        finally:
            server.shutdown()
            thread.join(TIMEOUT_SECONDS)


def runtime_client(address: str, **settings: str) -> dict[str, Any]:
    """The arguments that run AWS's own runtime client with the service's handler."""
    return {
        "args": [
            sys.executable,
            "-m",
            "awslambdaric",
            "service.protocols.aws_lambda.handler.handler",
        ],
        "cwd": ROOT,
        "env": clean_environment(AWS_LAMBDA_RUNTIME_API=address, **settings),
    }


@contextmanager
def function(**settings: str) -> Iterator[Runtime]:
    """The service as a function."""
    with runtime_api() as (address, runtime):
        process = subprocess.Popen(**runtime_client(address, **settings))
        try:
            yield runtime
        finally:
            process.kill()
            process.wait()
