"""Which requests are let in, and what every answer forbids the browser that shows it.

Only digests of keys are configured, so neither the environment nor a log can give a key away.
Health checks need neither a key nor a certain host: a load balancer has no key, and asks by the
address of a task. Nor does the metrics port need a certain host.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from wsgiref.types import WSGIEnvironment

from flask import Flask, request

from service.api import health
from service.api.problems import Problem
from service.api.request_state import KEY
from service.settings import Settings

HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
HOST = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?")
POLICY = "default-src 'none'; frame-ancestors 'none'"


class Access:
    """Which requests are let in.

    `keys` are digests of keys, or NAME:DIGEST. Without any, no request needs a key. `hosts` are the
    names that Host may have, `*.example.com` for all names that end so. Without any, all may.
    """

    def __init__(self, keys: Collection[str] = (), hosts: Collection[str] = ()) -> None:
        self._hosts = {host for host in hosts if not host.startswith("*")}
        self._endings = tuple(host[1:] for host in hosts if host.startswith("*"))
        self._admits_all = not (keys or hosts)
        self._keys = [
            (name or None, bytes.fromhex(digest))
            for name, _, digest in (key.rpartition(":") for key in keys)
        ]

    @classmethod
    def of(cls, settings: Settings) -> "Access":
        """As it is configured."""
        return cls(settings.api_keys, settings.hosts)

    def admits(self, environ: WSGIEnvironment) -> bool:
        """Whether a request is for one of the hosts, and brings one of the keys."""
        return self._admits_all or (self.is_here(environ) and self.is_known(environ))

    def is_here(self, environ: WSGIEnvironment) -> bool:
        """Whether a request is for one of the hosts, at any port."""
        if not (self._hosts or self._endings):
            return True
        found = HOST.fullmatch(environ.get("HTTP_HOST", "").lower())
        return found is not None and (found[1] in self._hosts or found[1].endswith(self._endings))

    def is_known(self, environ: WSGIEnvironment) -> bool:
        """Whether a request brings one of the keys, or needs none; its name is noted."""
        if not self._keys or KEY in environ:
            return True
        names = known_as(given_key(environ), self._keys)
        if names:
            environ[KEY] = names[0]
        return bool(names)


def init_app(app: Flask, access: Access, metrics_port: int) -> None:
    """Ask for the right host and for a key, if any is configured."""
    metrics = str(metrics_port)

    @app.before_request
    def ask() -> None:
        environ = request.environ
        if environ["PATH_INFO"] in health.PATHS:
            return
        if environ["SERVER_PORT"] != metrics and not access.is_here(environ):
            raise Problem(421, "this service does not answer for the host that was asked for")
        if not access.is_known(environ):
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


def known_as(key: str, known: Sequence[tuple[str | None, bytes]]) -> list[str | None]:
    """The names under which a key is known; always looks at all digests, in the same time."""
    digest = hashlib.sha256(key.encode("latin-1")).digest()
    names = [name for name, one in known if hmac.compare_digest(digest, one)]
    return names if key else []
