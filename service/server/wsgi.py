"""Call a WSGI app with what ASGI has: scope to environ, and back to status, headers and body."""

import sys
from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from io import BytesIO
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from service.api.request_state import WHOLE

Scope = MutableMapping[str, Any]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def set_body(environ: WSGIEnvironment, body: bytes) -> None:
    """Give the app the body that was read, however it was framed."""
    environ[WHOLE] = body
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)


def wsgi_environ(scope: Scope) -> WSGIEnvironment:
    """The WSGI environ (PEP 3333) of an ASGI scope, but for the body."""
    host, port = scope["server"] or ("localhost", 0)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name = environ_name(raw_name)
        value = raw_value.decode("latin-1")
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ


@lru_cache(maxsize=256)
def environ_name(header: bytes) -> str:
    """What a header is called in a WSGI environ; clients send the same few again and again."""
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def call(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Run a WSGI app to its end: status, headers and body, as ASGI wants them."""
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
    return int(status[:3]), encoded(headers), content


def encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
