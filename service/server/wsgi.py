"""Calls a WSGI app for an ASGI server: from scope to environ, and back to status, headers, body."""

import sys
from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from service.api.request_state import state_of

Scope = MutableMapping[str, Any]
Response = tuple[int, list[tuple[bytes, bytes]], bytes]  # status, headers, body


def set_body(environ: WSGIEnvironment, body: bytes) -> None:
    """Add a body that has been read to the environ; it may have been sent in chunks."""
    state_of(environ).body = body
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)


def build_environ(scope: Scope) -> WSGIEnvironment:
    """The WSGI environ (PEP 3333) of an ASGI scope, without the body."""
    environ = connection_environ(scope["scheme"], scope["server"], scope["client"])
    environ["REQUEST_METHOD"] = scope["method"]
    environ["PATH_INFO"] = scope["path"].encode().decode("latin-1")
    environ["QUERY_STRING"] = scope["query_string"].decode("latin-1")
    environ["SERVER_PROTOCOL"] = f"HTTP/{scope['http_version']}"
    for raw_name, raw_value in scope["headers"]:
        name = environ_name(raw_name)
        value = raw_value.decode("latin-1")
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ


def connection_environ(
    scheme: str, server: tuple[str, int | None] | None, client: tuple[str, int] | None
) -> WSGIEnvironment:
    """The part of the environ that all requests of a connection share, with both its addresses."""
    host, port = server or ("localhost", 0)
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": client[0] if client else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


@lru_cache(maxsize=256)
def environ_name(header: bytes) -> str:
    """The name of a header in a WSGI environ. Cached: clients send the same few headers."""
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def run_wsgi(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """Run a WSGI app to its end: status, headers and body as ASGI has them."""
    status = ""
    headers: list[tuple[str, str]] = []

    def start_response(line: str, fields: list[tuple[str, str]], *_: Any) -> Any:
        nonlocal status, headers
        status, headers = line, fields

    chunks: Iterable[bytes] = app(environ, start_response)
    try:
        content = b"".join(chunks)
    finally:
        if close := getattr(chunks, "close", None):
            close()
    return int(status[:3]), encode_headers(headers), content


def encode_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them: names in small letters, names and values as bytes."""
    return [(header_name(name), value.encode("latin-1")) for name, value in headers]


@lru_cache(maxsize=256)
def header_name(name: str) -> bytes:
    """The name of a header as ASGI has it. Cached: responses have the same few headers."""
    return name.lower().encode("latin-1")
