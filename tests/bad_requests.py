"""Requests that must be refused, byte for byte, each with its status: framing and addresses."""

from tests.bad_bodies import EXAMPLE
from tests.raw import CHUNKED, CLOSE, LENGTH, chunks, get, post

SECRET = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
WEBSOCKET = b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
UPGRADE = b"GET /predict HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"

# By gunicorn's parser, before the app is asked: a line of text instead of a problem.
REFUSED_BY_GUNICORN = {
    "a length that is no number": (400, post(b"Content-Length: two\r\n", b"{}")),
    "an empty length": (400, post(b"Content-Length:\r\n", b"{}")),
    "a negative length": (400, post(b"Content-Length: -2\r\n", b"{}")),
    "a length with a sign": (400, post(b"Content-Length: +2\r\n", b"{}")),
    "a length in hex": (400, post(b"Content-Length: 0x2\r\n", b"{}")),
    "a length with an underscore": (400, post(b"Content-Length: 1_0\r\n", b"{}")),
    "two lengths in a line": (400, post(b"Content-Length: 2, 2\r\n", b"{}")),
    "two lengths": (400, post((LENGTH % 2) * 2, b"{}")),
    "two lengths that differ": (400, post(LENGTH % 2 + LENGTH % 49, EXAMPLE)),
    "chunks and a length": (400, post(CHUNKED + LENGTH % 2, chunks(b"{}", 2))),
    "chunks twice": (400, post(CHUNKED * 2, chunks(b"{}", 2))),
    "gzip as transfer coding": (400, post(b"Transfer-Encoding: gzip\r\n", b"{}")),
    "gzip over chunks": (400, post(b"Transfer-Encoding: chunked, gzip\r\n", chunks(b"{}", 2))),
    "a chunk size that is no number": (400, post(CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n")),
    "a negative chunk size": (400, post(CHUNKED, b"-2\r\n{}\r\n0\r\n\r\n")),
    "no chunk size": (400, post(CHUNKED, b"\r\n{}\r\n0\r\n\r\n")),
    "a bad chunk after a good one": (400, post(CHUNKED, b"2\r\n{}\r\nzz\r\n")),
    "a chunk longer than it says": (400, post(CHUNKED, b"2\r\n{}}}\r\n0\r\n\r\n")),
    "a length as trailer": (400, post(CHUNKED, b"2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n")),
    "two types": (400, post(b"Content-Type: text/csv\r\n" + LENGTH % 2, b"{}")),
    "two hosts": (400, get(b"/health", b"Host: elsewhere\r\n")),
    "a long request line": (414, get(b"/" + b"a" * 9000)),
    "100 headers": (431, get(b"/health", b"".join(b"X-%d: 1\r\n" % n for n in range(100)))),
    "a header of 9,000 bytes": (431, get(b"/health", b"X: " + b"a" * 9000 + b"\r\n")),
    "a header without a colon": (400, get(b"/health", b"X\r\n")),
    "a space before the colon": (400, get(b"/health", b"X : 1\r\n")),
    "a folded header": (400, get(b"/health", b"X: 1\r\n 2\r\n")),
    "NUL in a header": (400, get(b"/health", b"X: \0\r\n")),
    "bare line feeds": (400, get(b"/health").replace(b"\r\n", b"\n")),
    "HTTP/0.9": (400, b"GET /health\r\n\r\n"),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/1.2": (400, get(b"/health").replace(b"HTTP/1.1", b"HTTP/1.2")),
    "a method in small letters": (400, get(b"/health", method=b"get")),
    "a space in the address": (400, get(b"/heal th")),
    "bytes beyond ASCII in the address": (400, get(b"/\xc3\xa9")),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "an upgrade without a key": (400, UPGRADE + WEBSOCKET + b"\r\n"),
    "an upgrade without a version": (426, UPGRADE + SECRET + b"Upgrade: websocket\r\n\r\n"),
    "an upgrade": (403, UPGRADE + WEBSOCKET + SECRET + b"\r\n"),
}
REFUSED_BY_THE_APP = {
    "an expectation": (417, post(LENGTH % 49 + CLOSE + b"Expect: something\r\n", EXAMPLE)),
    "an expectation of a health check": (417, get(b"/health", b"Expect: something\r\n")),
    "two slashes": (404, post(LENGTH % 49 + CLOSE, EXAMPLE, b"//predict")),
    "three slashes": (404, post(LENGTH % 49 + CLOSE, EXAMPLE, b"///predict")),
    "two slashes, one escaped": (404, post(LENGTH % 49 + CLOSE, EXAMPLE, b"/%2fpredict")),
    "two slashes before health": (404, get(b"//health")),
    "two slashes within": (404, get(b"/health//live")),
    "a slash at the end": (404, post(LENGTH % 49 + CLOSE, EXAMPLE, b"/predict/")),
    "dots": (404, get(b"/model/../health")),
    "NUL in the address": (404, get(b"/health%00")),
    "an address that is no UTF-8": (404, get(b"/%ff")),
    "an absolute address": (404, get(b"http://localhost/health")),
    "an absolute address elsewhere": (404, post(LENGTH % 2 + CLOSE, b"{}", b"ftp://x/predict")),
    "any address": (404, get(b"*", method=b"OPTIONS")),
    "a tunnel": (404, get(b"localhost:80", method=b"CONNECT")),
    "GET": (405, get(b"/predict")),
    "PUT": (405, get(b"/predict", method=b"PUT")),
    "TRACE": (405, get(b"/predict", method=b"TRACE")),
    "an unknown method": (405, get(b"/predict", method=b"BREW")),
    "a long length where no body is taken": (413, get(b"/health", LENGTH % 10**9)),
    "a length of 4,000 digits": (413, post(b"Content-Length: " + b"9" * 4000 + b"\r\n")),
    "gzip in chunks": (
        400,
        post(b"Transfer-Encoding: gzip, chunked\r\n", chunks(b"\x1f\x8b\x08\x00", 4)),
    ),
}
