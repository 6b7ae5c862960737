"""All hostile requests as bytes for a connection, each with its expected status."""

from tests.support.bad_bodies import BAD_JSON, Bad
from tests.support.bad_requests import REFUSED_BY_GUNICORN, REFUSED_BY_THE_APP
from tests.support.bad_tables import BAD_TABLES
from tests.support.expensive_bodies import EXPENSIVE
from tests.support.raw import CLOSE, LENGTH, get


def raw(case: Bad) -> bytes:
    """A request with this body."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in case.headers.items()).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n" + fields
    return head + CLOSE + LENGTH % len(case.body) + b"\r\n" + case.body


BODIES = {
    name: (case.status, raw(case)) for name, case in {**BAD_JSON, **BAD_TABLES, **EXPENSIVE}.items()
}
# For a service with an API key, which is in tests/faults/test_hostile.py.
KEYS = {
    f"key: {fields!r}": (401, get(b"/model", fields))
    for fields in (
        b"",
        b"X-API-Key:\r\n",
        b"X-API-Key: another\r\n",
        b"X-API-Key: \xc3\xa9\r\n",
        b"X-API-Key: " + b"k" * 4000 + b"\r\n",
        b"X-API-Key: correct\r\nX-API-Key: correct\r\n",
        b"X-API-Key: correct\r\nAuthorization: Bearer correct\r\n",
        b"Authorization: Basic correct\r\n",
        b"Authorization: Bearer\r\n",
        b"Authorization: correct\r\n",
    )
}
REFUSED_BY_FLASK = {**BODIES, **REFUSED_BY_THE_APP}
HOSTILE = {**REFUSED_BY_FLASK, **REFUSED_BY_GUNICORN}
