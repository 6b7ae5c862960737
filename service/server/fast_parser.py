"""Parses simple prediction requests in one call of llhttp, the parser of Node.js.

gunicorn's own parser takes several times as long. The requests that are parsed here are a strict
subset of HTTP, which gunicorn reads identically; all others go to gunicorn.
tests/test_fast_parser.py compares the two.
"""

import re
from functools import lru_cache
from wsgiref.types import WSGIEnvironment

import httptools

from service.api.predict import PATH
from service.server.wsgi import environ_name

REQUEST_LINE = f"POST {PATH} HTTP/1.1\r\n".encode()
MAX_HEAD_BYTES = 4096  # gunicorn allows about as much for each header
MAX_HEADERS = 64  # as in gunicorn.conf.py
# Requests with these headers go to gunicorn, and so do those without Host or Content-Length.
OTHERS = frozenset({"HTTP_EXPECT", "HTTP_HTTP2_SETTINGS", "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE"})
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]{1,9})\r\n", re.IGNORECASE)
NAME = re.compile(rb"[A-Za-z0-9-]+")


def size(data: bytes) -> int | None:
    """The number of bytes of a request that begins with `data`; None if it is not known.

    The head may not be complete, or may have no length.
    """
    end = data.find(b"\r\n\r\n")
    found = CONTENT_LENGTH.search(data, 0, end + 2) if end > 0 else None
    return end + 4 + int(found[1]) if found else None


class SimpleParser:
    """A parser of whole requests. One per process suffices: it keeps nothing between two calls."""

    def __init__(self) -> None:
        self._environ: WSGIEnvironment = {}
        self._headers = self._begun = self._ended = 0
        self._is_simple = True
        self._parser = httptools.HttpRequestParser(self)

    def parse(self, data: bytes, environ: WSGIEnvironment) -> bytes | None:
        """The body of one whole request that begins with REQUEST_LINE; its headers go to `environ`.

        None if the request is not simple, is not whole, or if more bytes follow it.
        """
        self._environ = environ
        self._headers = self._begun = self._ended = 0
        self._is_simple = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._is_simple = False
        end = data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
        body = data[end + 4 :]
        if self._is_one_request() and is_simple(data[: end + 2], self._headers, environ, len(body)):
            return body
        self._parser = httptools.HttpRequestParser(self)  # the failed parser may expect more
        return None

    def _is_one_request(self) -> bool:
        return self._is_simple and self._begun == self._ended == 1

    def on_message_begin(self) -> None:
        """Count the start of a request. httptools calls this method, and those below."""
        self._begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header to the environ."""
        key = simple_name(name)
        self._headers += 1
        if key is None or key in self._environ:
            self._is_simple = False
        else:
            self._environ[key] = value.decode("latin-1")

    def on_message_complete(self) -> None:
        """Count a complete request."""
        self._ended += 1


def is_simple(head: bytes, headers: int, environ: WSGIEnvironment, body_bytes: int) -> bool:
    """Whether gunicorn reads a head of so many headers, and a body of this length, identically."""
    lines = headers + 1
    return (
        headers <= MAX_HEADERS
        and head.isascii()
        and head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r") == lines
        and b"\t" not in head
        and b" \r\n" not in head
        and "HTTP_HOST" in environ
        and environ.get("CONTENT_LENGTH") == str(body_bytes)
        and environ.get("HTTP_CONNECTION", "keep-alive").lower() == "keep-alive"
        and OTHERS.isdisjoint(environ)
    )


@lru_cache(maxsize=256)
def simple_name(header: bytes) -> str | None:
    """The name of a header in a WSGI environ; None if it is ambiguous there, as with `_`."""
    return environ_name(header) if NAME.fullmatch(header) else None
