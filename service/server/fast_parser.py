"""A second, small HTTP parser: it parses simple prediction requests in one go.

It accepts only requests that gunicorn's parser would read identically, and returns None for all
others, which then go to gunicorn. So it does not need to know what HTTP allows.
tests/test_fast_parser.py compares the two parsers.
"""

import re

from service.api.predict import PATH
from service.server.wsgi import Scope

REQUEST_LINE = f"POST {PATH} HTTP/1.1\r\n".encode()
HEADER_BLOCK = re.compile(rb"(?:[A-Za-z0-9-]+: [!-~](?:[ -~]*[!-~])?\r\n)+\r\n")
MAX_HEAD_BYTES = 4096  # gunicorn allows about as much for each header
MAX_HEADERS = 64  # as in gunicorn.conf.py
OTHER_PARSER = {b"expect", b"http2-settings", b"transfer-encoding", b"upgrade"}


def parse_simple_request(data: bytes) -> tuple[Scope, bytes] | None:
    """The ASGI scope and the body of one whole request that begins with REQUEST_LINE.

    The scope has no scheme, server and client, which the connection knows. None if the request is
    not simple, is not whole, or if more bytes follow it.
    """
    found = HEADER_BLOCK.match(data, len(REQUEST_LINE), MAX_HEAD_BYTES)
    if found is None:
        return None
    lines = data[len(REQUEST_LINE) : found.end() - 4].split(b"\r\n")
    fields = {}
    for line in lines:
        name, _, value = line.partition(b": ")
        fields[name.lower()] = value
    body = data[found.end() :]
    if (
        len(fields) < len(lines)
        or len(lines) > MAX_HEADERS
        or b"host" not in fields
        or fields.get(b"content-length") != b"%d" % len(body)
        or fields.get(b"connection", b"keep-alive").lower() != b"keep-alive"
        or not OTHER_PARSER.isdisjoint(fields)
    ):
        return None
    scope = {
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": list(fields.items()),
    }
    return scope, body
