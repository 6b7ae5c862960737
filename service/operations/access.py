"""Who may enter, and what every answer forbids the browser that shows it.

Only digests of keys are configured, so neither the environment nor a log can give a key away.
Health needs none: a load balancer has none.
"""

import hashlib
import hmac
from collections.abc import Collection
from wsgiref.types import WSGIEnvironment

from flask import Flask, request

from service.api.problems import Problem
from service.operations import health

HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
POLICY = "default-src 'none'; frame-ancestors 'none'"


class Keys:
    """The digests of keys that are taken; with none of them everybody may enter."""

    def __init__(self, digests: Collection[str]) -> None:
        self._digests = [bytes.fromhex(digest) for digest in digests]

    def admit(self, environ: WSGIEnvironment) -> bool:
        """Whether a request brings one of the keys, or needs none."""
        return not self._digests or is_known(given_key(environ), self._digests)


def init_app(app: Flask, keys: Keys) -> None:
    """Ask for a key, if any is configured."""

    @app.before_request
    def ask() -> None:
        environ = request.environ
        if environ["PATH_INFO"] not in health.PATHS and not keys.admit(environ):
            raise Problem(
                401,
                "this needs a key: send Authorization: Bearer KEY, or X-API-Key: KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )


def given_key(environ: WSGIEnvironment) -> str:
    """The one key that a request brings; empty if it brings none, or several.

    An Authorization of another scheme, such as the signature that AWS's clients send, is no key.
    """
    scheme, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    keys = [environ["HTTP_X_API_KEY"]] if "HTTP_X_API_KEY" in environ else []
    if scheme.lower() == "bearer":
        keys.append(bearer)
    return keys[0] if len(keys) == 1 else ""


def is_known(key: str, digests: list[bytes]) -> bool:
    """Whether one of the digests is this key's; always looks at all of them, in the same time."""
    digest = hashlib.sha256(key.encode("latin-1")).digest()
    known = [hmac.compare_digest(digest, one) for one in digests]
    return bool(key) and any(known)
