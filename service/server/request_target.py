"""Checks the target of a request: its request line and its Host header (RFC 9112, section 3).

A target in absolute form is accepted. Each path is accepted in one spelling only, because the rules
of a load balancer or a firewall in front of the service compare the path as it was sent.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.api.body import CLOSE
from service.api.problems import Problem

ABSOLUTE = re.compile(rb"(?:http|https)://([^/]*)(/.*)?", re.IGNORECASE)
AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
# Escaped letters, digits, "-", ".", "_" and "~" mean the same as unescaped ones (RFC 3986, section
# 2.3), and an escaped slash would separate segments once it is decoded.
OTHER_SPELLING = re.compile(
    rb"%(?:2[dDeEfF]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])"
)


def resolve(environ: WSGIEnvironment, raw_path: bytes) -> None:
    """Set the path and the host of a request in its environ.

    `raw_path` is its target without the query, as it was sent. Problem 400 if the host is missing
    or malformed, 404 if the path is another spelling of one that exists.
    """
    if environ["SERVER_PROTOCOL"] == "HTTP/1.1" and "HTTP_HOST" not in environ:
        raise Problem(400, "HTTP/1.1 requires a Host header", headers=CLOSE)
    if not raw_path.startswith(b"/"):
        raw_path = _from_absolute(environ, raw_path)
    path = environ["PATH_INFO"]
    if not path.startswith("/") or path.startswith("//"):
        raise _not_found()
    if b"%" in raw_path and OTHER_SPELLING.search(raw_path):
        raise _not_found()


def restore_other_spelling(environ: WSGIEnvironment, raw_path: str) -> None:
    """Restore the path as it was sent if it has another spelling, so that the app answers 404.

    For servers that decode the path before they call the app.
    """
    if "%" in raw_path and OTHER_SPELLING.search(raw_path.encode()):
        environ["PATH_INFO"] = raw_path


def reject_other_spellings(app: WSGIApplication) -> WSGIApplication:
    """The app for gunicorn's other workers, which pass the path as it was sent in RAW_URI."""

    def called(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if target := environ.get("RAW_URI"):
            restore_other_spelling(environ, target.partition("?")[0])
        return app(environ, start_response)

    return called


def _from_absolute(environ: WSGIEnvironment, target: bytes) -> bytes:
    """The path of a target in absolute form, whose host replaces that of the Host header."""
    found = ABSOLUTE.fullmatch(target)
    if found is None:  # another scheme, a tunnel (CONNECT), or *
        raise _not_found()
    authority, path = found[1], found[2] or b"/"
    if not AUTHORITY.fullmatch(authority):
        raise Problem(400, "the host in the request target is malformed", headers=CLOSE)
    environ["HTTP_HOST"] = authority.decode()
    decoded = unquote_to_bytes(path).decode(errors="replace")
    environ["PATH_INFO"] = decoded.encode().decode("latin-1")
    return path


def _not_found() -> Problem:
    return Problem(404, "not found", headers=CLOSE)
