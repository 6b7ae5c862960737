"""Whatever is sent over a connection gets one well-formed answer, or none; and the next request is
answered."""

import re
import socket
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.support import texts
from tests.support.bad_bodies import EXAMPLE
from tests.support.problems import assert_problem
from tests.support.raw import Listening, assert_still_serving, chunks
from tests.support.serving import Server

EXAMPLES = pytest.mark.parametrize("examples", [300, pytest.param(1000, marks=pytest.mark.slow)])
TCHAR = "!#$%&'*+-.^_`|~0123456789abcXYZ"
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [ -~]*\r\n")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~\t]*)\r\n")
ALLOWED_5XX = {501, 503, 504}

Bytes = st.SearchStrategy[bytes]
Texts = st.SearchStrategy[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and what came behind it."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    rest: bytes


def mostly(proper: Texts, odd: Texts) -> Bytes:
    """Proper ones, and now and then an odd one; too many would never get past the parser."""
    either = st.sampled_from([proper] * 11 + [odd]).flatmap(lambda strategy: strategy)
    return either.map(lambda text: text.encode("latin-1", "replace"))


METHODS = mostly(
    st.sampled_from(["POST"] * 5 + ["GET", "HEAD", "PUT", "OPTIONS", "TRACE", "CONNECT", "BREW"]),
    st.text(TCHAR, max_size=25) | st.text(max_size=5),
)
TARGETS = mostly(
    st.tuples(
        st.sampled_from(["/predict", "/health", "/health/live", "/model", "/", "//predict", "*"])
        | st.text(TCHAR + "/%?;:@[]", max_size=30).map("/".__add__),
        st.sampled_from(["", "", "?", "?probabilities=true", "?probabilities=%ff", "?&=&", "?a"]),
    ).map("".join),
    st.sampled_from(["http://localhost/health", "localhost:80", "http://[::1", "#x"]) | st.text(),
)
NAMES = mostly(
    st.sampled_from(
        [
            *("Content-Type", "Content-Encoding", "Accept", "Connection", "Expect", "Upgrade"),
            *("X-Request-ID", "X-Request-Timeout-Ms", "Authorization", "X-API-Key", "Cookie"),
            *("X-Forwarded-For", "X-Forwarded-Proto", "X_Request_ID", "Range", "Host", "Forwarded"),
        ]
    )
    | st.text(TCHAR, min_size=1, max_size=9).map("X-".__add__),
    st.text(max_size=9),
)
VALUES = mostly(
    st.sampled_from(
        [
            *("application/json", "text/csv", "gzip", "close", "keep-alive", "upgrade"),
            *("websocket", "100-continue", "0", "1", "-1", "9" * 30, "https", "Bearer x", "\xff"),
        ]
    )
    | st.text(TCHAR + " ,;=/", max_size=20),
    st.text(max_size=20) | st.just("a" * 8200),
)
VERSIONS = mostly(
    st.sampled_from(["HTTP/1.1"] * 9 + ["HTTP/1.0"]), st.sampled_from(["HTTP/2", "http/1.1", ""])
)
BODIES = (
    st.just(EXAMPLE)
    | (texts.json_like() | texts.table_like()).map(lambda text: text.encode("utf-8", "replace"))
    | st.binary(max_size=200)
)
# A length of more than 4,300 digits makes gunicorn's parser raise: tests/test_framing.py has it.
LENGTHS = [b"-1", b"+1", b"1,1", b"0x1", b"1_0", b"", b" ", b"9" * 20, b"9" * 4300]
CODINGS = [b"gzip", b"gzip, chunked", b"identity", b"Chunked", b"x", b""]


@st.composite
def framed(draw: st.DrawFn) -> tuple[bytes, bytes, bool]:
    """The fields that frame a body, the body as it is sent, and whether it ends as they say."""
    body, size = draw(BODIES), draw(st.integers(1, 50))
    length, chunked = b"Content-Length: %d\r\n", b"Transfer-Encoding: chunked\r\n"
    proper = [(length % len(body), body), (chunked, chunks(body, size)), (b"", b"")]
    short = [(length % (len(body) + size), body), (chunked, chunks(body, 9)[:-1]), (chunked, body)]
    odd = [
        (b"", body),
        (length % (len(body) // 2), body),
        (chunked + length % len(body), chunks(body, size)),
        (length % len(body) + length % size, body),
        (b"Content-Length: %s\r\n" % draw(st.sampled_from(LENGTHS)), body),
        (b"Transfer-Encoding: %s\r\n" % draw(st.sampled_from(CODINGS)), chunks(body, size)),
    ]
    kind = draw(st.sampled_from([proper] * 4 + [short, odd]))
    return *draw(st.sampled_from(kind)), kind is proper


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A request, and whether its body is as it should be."""
    line = b" ".join((draw(METHODS), draw(TARGETS), draw(VERSIONS))) + b"\r\n"
    framing, body, whole = draw(framed())
    fields = draw(st.lists(st.tuples(NAMES, VALUES), max_size=3))
    fields.append((b"Content-Type", draw(st.sampled_from([b"application/json", b"text/csv"]))))
    if draw(st.booleans()):
        fields.append((b"Connection", b"close"))
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
    return line + b"Host: localhost\r\n" + lines + framing + b"\r\n" + body, whole


def parse(stream: bytes, method: bytes) -> Answer | None:
    """The first answer that is final; None if it is not all there. Fails if it is not HTTP."""
    head, found, rest = stream.partition(b"\r\n\r\n")
    if not found:
        return None
    line = STATUS_LINE.match(head + b"\r\n")
    assert line, stream
    status, fields = int(line[1]), {}
    for text in (head + b"\r\n")[line.end() :].splitlines(keepends=True):
        field = FIELD.fullmatch(text)
        assert field, text
        fields[field[1].lower()] = field[2]
    if status == 100:
        return parse(rest, method)
    size = 0 if method == b"HEAD" or status == 204 else int(fields[b"content-length"])
    if len(rest) < size:
        return None
    return Answer(status, fields, rest[:size], rest[size:])


def answer_of(server: Listening, request: bytes, whole: bool) -> Answer | None:
    """What comes for these bytes, in time; None for a connection that is closed without a word."""
    method, stream = request.split(b" ")[0], b""
    with server.connect() as connection:
        connection.sendall(request)
        if not whole:
            connection.shutdown(socket.SHUT_WR)
        while True:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                piece = b""
            stream += piece
            if (answer := parse(stream, method)) or not piece:
                assert answer or not stream, stream
                return answer


def assert_any_request_is_answered_or_closed(server: Listening, examples: int) -> None:
    """And the next is answered."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests())
    def holds(one: tuple[bytes, bool]) -> None:
        request, whole = one
        answer = answer_of(server, request, whole)
        note(f"{answer}")
        if answer is None:
            assert not whole
        else:
            assert answer.status < 500 or answer.status in ALLOWED_5XX
            assert answer.status != 501 or b"transfer-encoding" in request.lower()
            if answer.body and answer.headers[b"content-type"] == b"application/problem+json":
                assert_problem(answer.status, "application/problem+json", answer.body)
        assert_still_serving(server)

    holds()


@EXAMPLES
def test_any_request_is_answered_or_closed_and_the_next_is_answered(
    server: Server, examples: int
) -> None:
    before = server.log.stat().st_size
    assert_any_request_is_answered_or_closed(server, examples)
    with server.log.open("rb") as log:
        log.seek(before)
        assert b"Traceback" not in log.read()
