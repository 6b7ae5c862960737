"""Whose address is logged behind proxies: the right-most that is no trusted proxy's."""

import pytest

from service.api.forwarded import MAX_PROXIES, Proxies, address

PROXY, CLIENT, OTHER = "10.0.0.1", "203.0.113.7", "198.51.100.9"
TRUSTED = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]


@pytest.mark.parametrize(
    ("peer", "entries", "expected"),
    [
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{OTHER}, {CLIENT}", CLIENT),  # the client wrote the first itself
        (PROXY, f"{OTHER},{CLIENT},10.9.9.9", CLIENT),
        (PROXY, f"{OTHER}, {CLIENT}, 192.0.2.1 ,10.9.9.9", CLIENT),
        (PROXY, "10.9.9.9", "10.9.9.9"),  # all are proxies: the first in the row
        (PROXY, f"{CLIENT}:50000", CLIENT),
        ("2001:db8::1", "[2001:0DB9::7]:443", "2001:db9::7"),
        ("2001:db8::1", "2001:db9::7", "2001:db9::7"),
        ("", CLIENT, CLIENT),  # a Unix socket
        (OTHER, CLIENT, OTHER),  # which is no proxy's
        ("192.0.2.2", CLIENT, "192.0.2.2"),
        (PROXY, "", PROXY),
        (PROXY, "unknown", PROXY),
        (PROXY, f"{CLIENT}, canary", PROXY),
        (PROXY, f"{CLIENT}, canary, 10.9.9.9", "10.9.9.9"),
        (PROXY, f"{CLIENT}, ", PROXY),
    ],
)
def test_the_right_most_that_is_no_proxy_s(peer: str, entries: str, expected: str) -> None:
    assert Proxies(TRUSTED).client(peer, entries) == expected


def test_where_every_peer_is_trusted_it_is_the_right_most() -> None:
    assert Proxies(["*"]).client(PROXY, f"{OTHER}, {CLIENT}") == CLIENT
    assert Proxies(["*"]).client(OTHER, "10.0.0.2, 10.0.0.3") == "10.0.0.3"


def test_a_row_of_proxies_is_followed_so_far_only() -> None:
    row = ",".join([CLIENT, *["10.0.0.1"] * MAX_PROXIES])
    assert Proxies(TRUSTED).client(PROXY, row) == "10.0.0.1"
    assert Proxies(TRUSTED).client(PROXY, row.removesuffix(",10.0.0.1")) == CLIENT


NO_ADDRESSES = [
    *("", "canary", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "[1.2.3.4", "1" * 500),
    *("::1%canary", "fe80::1%25", "1.2.3.4:", "1.2.3.4:123456", "[::1]:x", "1.2.3.4 5"),
]


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_nothing_but_an_address_is_taken_for_one(text: str) -> None:
    assert address(text) is None
