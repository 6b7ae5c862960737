"""Writes one JSON object per line to stdout: requests, gunicorn's lines and warnings.

No line contains a body or a query. Of the headers, only ids and addresses are logged, and only in
a strict form, so that no client can break a line.
"""

import asyncio
import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPMethod
from select import PIPE_BUF
from time import perf_counter, time
from traceback import format_exception
from typing import Any
from wsgiref.types import WSGIEnvironment

import orjson

from service.api.forwarded import address
from service.api.request_state import RequestState, state_of

SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADER = "X-Request-ID"
METHODS = frozenset(method.value for method in HTTPMethod)  # str: a set of enum members is slower
# X-Amzn-Trace-Id, which a load balancer of AWS adds; its field Root is the id of the trace.
TRACE_ID = re.compile(
    r"(?:[A-Za-z]{1,32}=[^;]{1,64};)*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;.{0,256})?"
)
# The key under which OpenTelemetry keeps the span of a request in the WSGI environ.
SPAN = "opentelemetry-flask.span_key"
MAX_MESSAGE_LENGTH = 500  # an error of a parser may quote what the client sent

log = logging.getLogger("slipway.requests")


class JSONFormatter(logging.Formatter):
    """Formats a record as one line; `extra={"fields": {...}}` adds keys to it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        message = record.getMessage()[:MAX_MESSAGE_LENGTH]
        fields = getattr(record, "fields", {})
        if record.exc_info:
            fields = {**fields, "exception": "".join(format_exception(*record.exc_info))}
        return line(record.created, record.levelname.lower(), record.name, message, fields).decode()


def line(created: float, level: str, logger: str, message: str, fields: Mapping[str, Any]) -> bytes:
    """One JSON object, without the end of the line; `created` is in seconds since the epoch."""
    content = {
        "time": f"{_second(int(created))}.{int(created % 1 * 1000):03d}+00:00",
        "level": level,
        "logger": logger,
        "message": message,
        **fields,
    }
    try:
        return orjson.dumps(content, default=str)
    except orjson.JSONEncodeError:  # half of a surrogate pair, or a number beyond 64 bits
        return json.dumps(content, default=str).encode()


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    """A whole second in ISO 8601. Cached: there are many lines in a second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def configure(level: str) -> None:
    """Write everything that this process logs to stdout, through one handler.

    No line has the caller, the thread or the process, so logging is configured not to look them up
    for each record (https://docs.python.org/3/howto/logging.html#optimization).
    """
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)


def assign_request_id(environ: WSGIEnvironment) -> RequestState:
    """Give a request its id; its state."""
    state = state_of(environ)
    state.request_id = request_id(environ)
    return state


def write_request(
    environ: WSGIEnvironment, route: str | None, status: int, model_version: str
) -> None:
    """Write the line of one request, without the logging library, which takes twice as long."""
    if not log.isEnabledFor(logging.INFO):
        return
    state = state_of(environ)
    fields = {
        "request_id": state.request_id,
        "trace_id": trace_id(environ),
        "client": address(environ.get("REMOTE_ADDR", "")),
        "key": state.api_key_name,
        "method": known_method(environ),
        "route": route,
        "status": status,
        "rows": state.rows,
        "queue_ms": _milliseconds(state.queue_seconds),
        "predict_ms": _milliseconds(state.predict_seconds),
        "total_ms": _milliseconds(perf_counter() - state.arrived),
        "model_version": model_version,
    }
    if (span := environ.get(SPAN)) and span.get_span_context().is_valid:
        fields["otel_trace_id"] = f"{span.get_span_context().trace_id:032x}"
    _buffer.add(line(time(), "info", log.name, "request", fields) + b"\n")


class _LineBuffer:
    """Collects the lines of one round of the event loop, and writes them together.

    Each write wakes the process that reads the log, which costs more than the lines. One write has
    at most PIPE_BUF bytes: a pipe takes these as a whole, so that lines of other workers do not
    get in between.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def add(self, text: bytes) -> None:
        """Write a line at the end of the loop's round, or now if no event loop runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _write(text)
            return
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append(text)

    def _flush(self) -> None:
        together = b""
        for text in self._waiting:
            if together and len(together) + len(text) > PIPE_BUF:
                _write(together)
                together = b""
            together += text
        self._waiting.clear()
        _write(together)


_buffer = _LineBuffer()


def _write(text: bytes) -> None:
    with suppress(OSError):  # the reader of the log is gone; the answer does not depend on it
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()


def request_id(environ: WSGIEnvironment) -> str:
    """The id that the client gave its request, if it has the allowed form; else a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if given and SAFE_ID.fullmatch(given) else os.urandom(16).hex()


def known_method(environ: WSGIEnvironment) -> str:
    """The method if HTTP defines it, else "other": a client may send any word."""
    method: str = environ["REQUEST_METHOD"]
    return method if method in METHODS else "other"


def trace_id(environ: WSGIEnvironment) -> str | None:
    """The Root of a well-formed X-Amzn-Trace-Id."""
    given: str = environ.get("HTTP_X_AMZN_TRACE_ID", "")
    found = TRACE_ID.fullmatch(given) if given else None
    return found[1] if found else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
