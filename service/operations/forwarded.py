"""The address of a client behind proxies, from X-Forwarded-For.

Each proxy adds the address that it saw at the right. So the list is read from the right, for as
long as the address that added an entry is a proxy that gunicorn trusts, by its setting
FORWARDED_ALLOW_IPS; whatever stands further left, a client may have written itself.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MOST_PROXIES = 16  # in a row; entries beyond are not looked at
EVERY = "*"
# As a proxy may write an address: alone, or with a port.
ENTRY = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+)(?::\d{1,5})?|([0-9A-Fa-f:.]+)")


@lru_cache(maxsize=512)
def address(text: str) -> str | None:
    """An IP address in its usual spelling, without the port; None for anything else."""
    found = ENTRY.fullmatch(text.strip(" \t"))
    try:
        return str(ip_address(found[1] or found[2] or found[3])) if found else None
    except ValueError:
        return None


class Proxies:
    """The proxies that are trusted: addresses, networks, or `*` for whoever connects."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._trusts_all = EVERY in allowed
        self._networks = [ip_network(one) for one in allowed if one != EVERY]
        self.trusts = lru_cache(maxsize=512)(self._trusts)
        self.client = lru_cache(maxsize=512)(self._client)  # a header may have 4 KB

    def _trusts(self, peer: str) -> bool:
        """Whether an address is a proxy's. An empty one is that of a Unix socket."""
        if self._trusts_all or not peer:
            return True
        known = address(peer)
        return known is not None and any(ip_address(known) in one for one in self._networks)

    def _client(self, peer: str, forwarded: str) -> str:
        """Who sent a request that `peer` handed on: the right-most address that is no proxy's.

        It is `peer` itself, unless that is a proxy.

        With `*` it is the right-most, for who else is a proxy is not known.
        """
        client = peer
        for entry in reversed(forwarded.split(",")[-MOST_PROXIES:]):
            known = address(entry)
            if known is None or not self.trusts(client):
                break
            client = known
            if self._trusts_all:
                break
        return client


def behind(proxies: Proxies, app: WSGIApplication) -> WSGIApplication:
    """The app, given the client's address in place of a proxy's."""

    def called(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if forwarded := environ.get("HTTP_X_FORWARDED_FOR"):
            environ["REMOTE_ADDR"] = proxies.client(environ["REMOTE_ADDR"], forwarded)
        return app(environ, start_response)

    return called
