"""Checks the API key and the host of a request.

Only digests of keys are configured, so neither the environment nor a log can leak a key. Health
checks need neither a key nor an allowed host: a load balancer has no key, and uses the address of
a task as host. The port of the metrics needs no allowed host either.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from wsgiref.types import WSGIEnvironment

from flask import Flask, request

from service.api.problems import Problem
from service.api.request_state import state_of
from service.settings import Settings

HOST = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?")


class AccessControl:
    """Decides which requests are allowed.

    `keys` are SHA-256 digests of API keys, or NAME:DIGEST; without any, no request needs a key.
    `hosts` are the allowed values of Host without a port, `*.example.com` for all names that end
    so; without any, all are allowed.
    """

    def __init__(self, keys: Collection[str] = (), hosts: Collection[str] = ()) -> None:
        self._hosts = {host for host in hosts if not host.startswith("*")}
        self._host_endings = tuple(host[1:] for host in hosts if host.startswith("*"))
        self._allows_all = not (keys or hosts)
        self._keys = [
            (name or None, bytes.fromhex(digest))
            for name, _, digest in (key.rpartition(":") for key in keys)
        ]

    @classmethod
    def of(cls, settings: Settings) -> "AccessControl":
        """The configured rules."""
        return cls(settings.api_keys, settings.hosts)

    def is_allowed(self, environ: WSGIEnvironment) -> bool:
        """Whether a request has an allowed host and a valid API key; decided once per request."""
        if self._allows_all:
            return True
        state = state_of(environ)
        if state.is_allowed is None:
            state.is_allowed = self.is_allowed_host(environ) and self.is_authorized(environ)
        return state.is_allowed

    def is_allowed_host(self, environ: WSGIEnvironment) -> bool:
        """Whether a request is for one of the hosts, at any port."""
        if not (self._hosts or self._host_endings):
            return True
        found = HOST.fullmatch(environ.get("HTTP_HOST", "").lower())
        return found is not None and (
            found[1] in self._hosts or found[1].endswith(self._host_endings)
        )

    def is_authorized(self, environ: WSGIEnvironment) -> bool:
        """Whether a request has a valid API key, or needs none; decided once per request.

        The name of the key is kept in the state of the request, for the log.
        """
        if not self._keys:
            return True
        state = state_of(environ)
        if state.is_authorized is None:
            names = matching_names(api_key(environ), self._keys)
            state.is_authorized = bool(names)
            state.api_key_name = names[0] if names else None
        return state.is_authorized


def init_app(
    app: Flask, access: AccessControl, metrics_port: int, health_paths: Collection[str]
) -> None:
    """Refuse requests without an allowed host or a valid API key, if any are configured.

    Those for `health_paths` are allowed.
    """
    port_of_metrics = str(metrics_port)

    @app.before_request
    def require_access() -> None:
        environ = request.environ
        if environ["PATH_INFO"] in health_paths:
            return
        if environ["SERVER_PORT"] != port_of_metrics and not access.is_allowed_host(environ):
            raise Problem(421, "this service does not answer for this host")
        if not access.is_authorized(environ):
            raise Problem(
                401,
                "this needs a key: send Authorization: Bearer KEY, or X-API-Key: KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )


def api_key(environ: WSGIEnvironment) -> str:
    """The API key of a request; empty if there is none, or more than one.

    Another scheme in Authorization, such as the signature of AWS clients, is not a key.
    """
    scheme, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    keys = [environ["HTTP_X_API_KEY"]] if "HTTP_X_API_KEY" in environ else []
    if scheme.lower() == "bearer":
        keys.append(bearer)
    return keys[0] if len(keys) == 1 else ""


def matching_names(key: str, known: Sequence[tuple[str | None, bytes]]) -> list[str | None]:
    """The names of all known digests that match a key, compared in constant time."""
    digest = hashlib.sha256(key.encode("latin-1")).digest()
    names = [name for name, one in known if hmac.compare_digest(digest, one)]
    return names if key else []
