"""Who may enter, and what every answer forbids the browser that shows it.

Only digests of keys are configured, so neither the environment nor a log can give a key away.
Health needs none: a load balancer has none.
"""

import hashlib
import hmac

from flask import Flask, Request, Response, request

from service.api.problems import Problem
from service.settings import Settings

OPEN = {"/health", "/health/live"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def init_app(app: Flask, settings: Settings) -> None:
    """Ask for a key, if any is configured."""
    digests = [bytes.fromhex(digest) for digest in settings.api_keys]

    @app.before_request
    def ask() -> None:
        if digests and request.path not in OPEN and not is_known(given_key(request), digests):
            raise Problem(
                401,
                "this needs a key: send Authorization: Bearer KEY, or X-API-Key: KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )

    @app.after_request
    def forbid(response: Response) -> Response:
        response.headers.extend(HEADERS)
        return response


def given_key(request: Request) -> str:
    """The one key that a request brings; empty if it brings none, or several."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    keys = [request.headers["X-API-Key"]] if "X-API-Key" in request.headers else []
    if scheme:
        keys.append(bearer if scheme.lower() == "bearer" else "")
    return keys[0] if len(keys) == 1 else ""


def is_known(key: str, digests: list[bytes]) -> bool:
    """Whether one of the digests is this key's; always looks at all of them, in the same time."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    known = [hmac.compare_digest(digest, one) for one in digests]
    return bool(key) and any(known)
