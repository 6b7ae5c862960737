"""Finds the address of a client behind proxies, in X-Forwarded-For.

Each proxy appends the address that it saw. So the list is read from the right, as long as the
address that appended an entry is a proxy that gunicorn trusts by its setting FORWARDED_ALLOW_IPS.
A client may have written all entries further left itself.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MAX_PROXIES = 16  # entries further left are not read
ANY = "*"
# The forms in which proxies write an address, with or without a port.
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
    """The trusted proxies: addresses, networks, or `*` for all peers."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._trusts_all = ANY in allowed
        self._networks = [ip_network(one) for one in allowed if one != ANY]
        self.trusts = lru_cache(maxsize=512)(self._trusts)
        self.client = lru_cache(maxsize=512)(self._client)  # a header may have 4 KB

    def _trusts(self, peer: str) -> bool:
        """Whether an address is that of a trusted proxy. The peer of a Unix socket has none."""
        if self._trusts_all or not peer:
            return True
        known = address(peer)
        return known is not None and any(ip_address(known) in one for one in self._networks)

    def _client(self, peer: str, forwarded: str) -> str:
        """The client's address: the right-most one that is not that of a trusted proxy.

        It is `peer` itself, unless that is a trusted proxy. With `*` it is the right-most entry,
        because it is not known which other addresses are proxies.
        """
        client = peer
        for entry in reversed(forwarded.split(",")[-MAX_PROXIES:]):
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
