"""The target of a request, from its request line and its Host header (RFC 9112, section 3).

A target in absolute form is accepted. Each address has one spelling: rules of a load balancer or a
firewall in front of the service compare the address as it was sent.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.api.body import CLOSE
from service.operations.admission import RefusedError

ABSOLUTE = re.compile(rb"(?:http|https)://([^/]*)(/.*)?", re.IGNORECASE)
AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
# Letters, digits, "-", ".", "_" and "~" mean the same without an escape (RFC 3986, section 2.3),
# and an escaped slash would separate segments once it is decoded.
ANOTHER_SPELLING = re.compile(
    rb"%(?:2[dDeEfF]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])"
)


def resolve(environ: WSGIEnvironment, raw_path: bytes) -> None:
    """Set the path and the host that a request is for.

    `raw_path` is its target without the query, as it was sent. RefusedError 400 if the host is
    missing or cannot be one, 404 if there is nothing at this address.
    """
    if environ["SERVER_PROTOCOL"] == "HTTP/1.1" and "HTTP_HOST" not in environ:
        raise RefusedError(400, "HTTP/1.1 wants a Host header", CLOSE)
    if not raw_path.startswith(b"/"):
        raw_path = _from_absolute(environ, raw_path)
    path = environ["PATH_INFO"]
    if not path.startswith("/") or path.startswith("//"):
        raise _nothing_there()
    if b"%" in raw_path and ANOTHER_SPELLING.search(raw_path):
        raise _nothing_there()


def as_sent(environ: WSGIEnvironment, raw_path: str) -> None:
    """Leave an address in another spelling as it was sent: then there is nothing there.

    For doors that decode the path before they call the app.
    """
    if "%" in raw_path and ANOTHER_SPELLING.search(raw_path.encode()):
        environ["PATH_INFO"] = raw_path


def one_spelling(app: WSGIApplication) -> WSGIApplication:
    """The app for gunicorn's other workers, which say by RAW_URI what was sent."""

    def called(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if target := environ.get("RAW_URI"):
            as_sent(environ, target.partition("?")[0])
        return app(environ, start_response)

    return called


def _from_absolute(environ: WSGIEnvironment, target: bytes) -> bytes:
    """The path of a target in absolute form, whose host counts instead of the header's."""
    found = ABSOLUTE.fullmatch(target)
    if found is None:  # another scheme, a tunnel, or *
        raise _nothing_there()
    authority, path = found[1], found[2] or b"/"
    if not AUTHORITY.fullmatch(authority):
        raise RefusedError(400, "the host of the target cannot be one", CLOSE)
    environ["HTTP_HOST"] = authority.decode()
    decoded = unquote_to_bytes(path).decode(errors="replace")
    environ["PATH_INFO"] = decoded.encode().decode("latin-1")
    return path


def _nothing_there() -> RefusedError:
    return RefusedError(404, "there is nothing at this address", CLOSE)
