"""Targets of requests: the absolute form is accepted, and no address has a second spelling."""

import string

import pytest

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.problems import assert_problem
from tests.support.raw import CLOSE, LENGTH, exchange, get, post
from tests.support.serving import Server

UNRESERVED = string.ascii_letters + string.digits + "-._~"  # RFC 3986, section 2.3


@pytest.mark.parametrize(
    "target",
    [
        b"http://localhost/predict",
        b"HTTP://LOCALHOST/predict",
        b"https://localhost:8080/predict",
        b"http://[::1]:8080/predict",
        b"http://anything.example/predict?probabilities=false",
    ],
)
def test_an_absolute_target_is_answered_like_its_path(server: Server, target: bytes) -> None:
    answer = exchange(server, post(LENGTH % len(EXAMPLE) + CLOSE, EXAMPLE, target))
    assert answer
    assert (answer.status, answer.body) == (200, ANSWER)


def test_an_absolute_target_without_a_path_is_the_root(server: Server) -> None:
    for target in (b"http://localhost", b"http://localhost/", b"http://localhost?a=b"):
        answer = exchange(server, get(target))
        assert answer
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/html")


def test_no_letter_of_an_address_may_be_escaped(server: Server) -> None:
    """In capitals or small letters, and in an absolute target as well."""
    for path in ("/report", "/predict", "/health", "/2015-03-31/functions/a.b_c~d/invocations"):
        for place, letter in enumerate(path):
            assert letter in UNRESERVED + "/"
            for escape in {f"%{ord(letter):x}", f"%{ord(letter):X}"}:
                target = path[:place] + escape + path[place + 1 :]
                for spelled in (target, f"http://localhost{target}") if place else (target,):
                    answer = exchange(server, get(spelled.encode()))
                    assert answer
                    assert answer.status in (400, 404), spelled


def test_what_an_address_needs_may_be_escaped(server: Server) -> None:
    """Clients of AWS escape the colons of a function's name."""
    target = b"/2015-03-31/functions/arn%3Aaws%3alambda%20x%C3%A9/invocations"
    answer = exchange(server, post(LENGTH % len(EXAMPLE) + CLOSE, EXAMPLE, target))
    assert answer
    assert (answer.status, answer.body) == (200, ANSWER)


def test_all_compressions_of_a_transfer_are_refused(server: Server) -> None:
    for coding in (b"gzip, chunked", b"GZIP,chunked", b"deflate, chunked", b"compress, chunked"):
        answer = exchange(server, post(b"Transfer-Encoding: %s\r\n" % coding, b"0\r\n\r\n"))
        assert answer
        assert answer.status == 501
        problem = assert_problem(501, answer.headers["content-type"], answer.body)
        assert "chunked" in problem["detail"]
        assert answer.headers["connection"] == "close"
