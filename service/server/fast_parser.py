"""Requests for predictions that are so plain that any parser would read the same: in one go.

Whatever else comes, gunicorn reads, or refuses. So this need not know what is allowed; but what it
takes, gunicorn would take, too, and for the same: tests/test_plain.py holds the two together.
"""

import re

from service.api.predict import PATH
from service.server.wsgi import Scope

FIRST = f"POST {PATH} HTTP/1.1\r\n".encode()
FIELDS = re.compile(rb"(?:[A-Za-z0-9-]+: [!-~](?:[ -~]*[!-~])?\r\n)+\r\n")
MOST_BYTES = 4096  # of a head; gunicorn allows as much for each field
MOST_FIELDS = 64  # as in gunicorn.conf.py
NOT_PLAIN = {b"expect", b"http2-settings", b"transfer-encoding", b"upgrade"}


def read(data: bytes) -> tuple[Scope, bytes] | None:
    """One whole request that begins with FIRST, with nothing behind it; None if it is not plain.

    What of its ASGI scope it tells itself, and its body.
    """
    found = FIELDS.match(data, len(FIRST), MOST_BYTES)
    if found is None:
        return None
    lines = data[len(FIRST) : found.end() - 4].split(b"\r\n")
    fields = {}
    for line in lines:
        name, _, value = line.partition(b": ")
        fields[name.lower()] = value
    body = data[found.end() :]
    if (
        len(fields) < len(lines)
        or len(lines) > MOST_FIELDS
        or b"host" not in fields
        or fields.get(b"content-length") != b"%d" % len(body)
        or fields.get(b"connection", b"keep-alive").lower() != b"keep-alive"
        or not NOT_PLAIN.isdisjoint(fields)
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
