"""What is taken for a simple request is one request to HAProxy, too, with the same parts.

HAProxy may refuse it: it allows less in the Host header than gunicorn.
"""

import asyncio
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.server.fast_parser import SimpleParser, size
from service.server.wsgi import environ_name
from tests.support.containers import docker, output, require_engine, unique
from tests.support.serving import free_port, wait_until
from tests.support.two_parsers import generate

REQUESTS = 300
CONFIGURATION = """
defaults
    mode http
    option httpclose
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend here
    bind 127.0.0.1:{port}
    default_backend there
backend there
    server recorder 127.0.0.1:{recorder}
"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHANGED = {"HTTP_CONNECTION", "HTTP_TE"}  # of one hop only


@contextmanager
def haproxy(port: int, recorder: int, folder: Path) -> Iterator[None]:
    """HAProxy as a reverse proxy on this machine's loopback."""
    file = folder / "haproxy.cfg"
    file.write_text(CONFIGURATION.format(port=port, recorder=recorder))
    file.chmod(0o644)
    name = unique()
    mount = f"{file}:/usr/local/etc/haproxy/haproxy.cfg:ro"
    started = ("run", "--detach", "--name", name, "--network", "host", "--volume", mount)
    output(docker(*started, "haproxy:3.0"))
    try:
        wait_until(lambda: listens(port), "HAProxy to listen")
        yield
    finally:
        docker("rm", "--force", name)


def listens(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def simple_requests() -> list[bytes]:
    """Generated requests that llhttp parses here: good ones, and odd ones."""
    chance, parser = random.Random(0), SimpleParser()  # noqa: S311
    found: dict[bytes, bool] = {}
    while len(found) < REQUESTS:
        data = b"".join(generate(chance)[0])
        if parser.parse(data, {}) is not None:
            found[data] = True
    return list(found)


async def forwarded(requests: list[bytes], port: int, recorder: int) -> list[list[bytes]]:
    """What HAProxy sends on for each request, which has a connection of its own."""
    received: list[bytes] = []

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        with suppress(ConnectionError):
            while piece := await reader.read(65_536):
                data += piece
                if size(data) == len(data):
                    received.append(data)
                    data = b""
                    writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(record, "127.0.0.1", recorder)
    every = []
    for request in requests:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        assert await reader.read(1000)
        writer.close()
        await writer.wait_closed()
        every.append(received.copy())
        received.clear()
    server.close()
    await server.wait_closed()
    return every


def parts(data: bytes) -> tuple[bytes, list[tuple[str, bytes]], bytes]:
    """First line, headers and body, split without a parser."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    fields = [
        (environ_name(name), value) for name, _, value in (one.partition(b":") for one in lines)
    ]
    kept = sorted((name, value.strip()) for name, value in fields if name not in CHANGED)
    return first, kept, body


def test_haproxy_reads_the_same(tmp_path: Path) -> None:
    require_engine()
    requests = simple_requests()
    port, recorder = free_port(), free_port()
    with haproxy(port, recorder, tmp_path):
        every = asyncio.run(asyncio.wait_for(forwarded(requests, port, recorder), 60))
    for request, received in zip(requests, every, strict=True):
        assert [parts(one) for one in received] in ([], [parts(request)])
    assert sum(map(len, every)) > 0.9 * REQUESTS
