"""Sends the same bytes to two connections, one parsed by llhttp and one by gunicorn, and compares.

`python -m tests.support.two_parsers --requests 1000000` generates valid, odd and hostile requests,
pipelined and in pieces. If responses, or the ends of the connections, differ, it prints the first
such streams of bytes, and exits with 1.
"""

import argparse
import asyncio
import random
import re
import runpy
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from service.model.predictor import Predictor
from service.observability import logs
from service.server.asgi_app import ASGIApp
from service.server.gunicorn.deferring_protocol import DeferringProtocol
from service.server.gunicorn.protocol import Protocol
from tests.support.bad_bodies import EXAMPLE
from tests.support.corpus import HOSTILE
from tests.support.flood import loop_worker
from tests.support.raw import post
from tests.support.serving import ROOT
from tests.support.sharing import QUICK, bridged

IDLE_ITERATIONS = 40  # of the loop without a write, after which a connection counts as finished
SHOWN = 3  # differences
# The parts of a response that always differ.
VARYING = re.compile(
    rb"(?i)(\r\ndate: )[^\r]*|(\r\nx-request-id: )[0-9a-f]{32}|(\"request_id\": ?\")[0-9a-f]{32}"
    rb"|(\r\nretry-after: )[123]"
)
HEAD = re.compile(rb"HTTP/1\.[01] (?:.|\n)*?\r\n\r\n")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
CLOSES = re.compile(rb"(?i)\r\nconnection: close")
BODIES = [
    *(EXAMPLE, b'{"sensor_1": 1, "sensor_2": 1}', b'{"sensor_1": "[1]", "sensor_2": "[2]"}'),
    *(b'{"instances": [[1, 2]]}', b"{", b"{}", b"", b"[]", b'{"sensor_1": 1}', b"\xff", b" " * 300),
]
LINES = [
    *(b"Host: localhost", b"host: x:80", b"Host:", b"Content-Type: application/json"),
    *(b"Content-Type: text/csv", b"Content-Type:application/json", b"X-Request-ID: mine-1"),
    *(b"Connection: keep-alive", b"Connection: close", b"Connection: Keep-Alive, close"),
    *(b"Transfer-Encoding: chunked", b"Transfer_Encoding: chunked", b"TE: x"),
    *(b"Upgrade: h2c", b"Connection: Upgrade\r\nUpgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    *(b"Expect: 100-continue", b"X-A: 1", b"X-A : 1", b"X-A:1", b"X-A:  1 ", b" X-A: 1", b": x"),
    *(b"X-A: \xe9", b"X-A: \x00", b"X-A: \x0b", b"X-A: 1\nHost: y", b"X-A: 1\rHost: y", b"\tx: y"),
    *(b"X-Request-Timeout-Ms: 0", b"X-Request-Timeout-Ms: soon", b"Content-Encoding: gzip"),
    *(b"Accept: */*", b"User-Agent: curl/8.5.0", b"X-Forwarded-For: 203.0.113.7", b"X" * 300),
    *(b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678", b"Cookie: a=1; b=2"),
]
LENGTHS = [b"Content-Length: %d", b"content-length: %d", b"Content-Length: 0%d", b"X: %d"]
FIRST_LINES = [b"POST /predict HTTP/1.1", b"POST /predict?probabilities=true HTTP/1.1"]
FIRST_LINES += [b"GET /health HTTP/1.1", b"POST /predict HTTP/1.0", b"post /predict HTTP/1.1"]


@dataclass
class Written:
    """A transport that records the bytes that are written to it."""

    data: bytearray = field(default_factory=bytearray)
    is_closed: bool = False

    def write(self, data: bytes) -> None:
        if not self.is_closed:
            self.data += data

    def writelines(self, parts: Sequence[bytes]) -> None:
        self.write(b"".join(parts))

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": ("127.0.0.1", 8080), "peername": ("127.0.0.1", 9)}.get(name, default)

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, *_: Any, **__: Any) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


async def answers(protocol: Protocol, pieces: Sequence[bytes], rest: Sequence[int]) -> bytes:
    """The bytes that a connection writes, without the parts that always differ, and whether it was
    closed.

    `rest` has the number of iterations of the loop after each piece.
    """
    transport: Any = Written()
    protocol.connection_made(transport)
    for piece, rounds in zip(pieces, rest, strict=True):
        if transport.is_closed:
            break
        protocol.data_received(piece)
        for _ in range(rounds):
            await asyncio.sleep(0)
    if getattr(protocol, "_held", b""):
        protocol._pass_held_to_gunicorn()  # as after HOLD_SECONDS
    before, still = -1, 0
    while still < IDLE_ITERATIONS and not transport.is_closed:
        await asyncio.sleep(0)
        still = still + 1 if len(transport.data) == before else 0
        before = len(transport.data)
    end = b"closed" if transport.is_closed else b"open"
    protocol.connection_lost(None)
    return VARYING.sub(rb"\1\2\3\4", _read(bytes(transport.data) + end))


def _read(written: bytes) -> bytes:
    """The bytes that a client reads: up to a response with `Connection: close`."""
    place = 0
    while head := HEAD.match(written, place):
        length = LENGTH.search(head[0])
        place = head.end() + (int(length[1]) if length else 0)
        if CLOSES.search(head[0]):
            return written[:place]
    return written


def generate(chance: random.Random) -> tuple[list[bytes], list[int]]:
    """The pieces of a stream of one to four requests, and how long to wait after each."""
    stream = b"".join(_request(chance) for _ in range(chance.choice((1, 1, 2, 4))))
    if chance.random() < 0.1 and stream:
        place = chance.randrange(len(stream))
        stream = (
            stream[:place]
            + chance.choice((b"", b"\r", b"\n", b" ", b"\x00", b"0"))
            + (stream[place + 1 :])
        )
    cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.choice((0, 0, 1, 3))))
    ends = [0, *cuts, len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(ends) if a < b]
    return pieces, [chance.choice((0, 1, 5, 30)) for _ in pieces]


def _request(chance: random.Random) -> bytes:
    kind = chance.random()
    body = chance.choice(BODIES)
    if kind < 0.3:
        return post(b"Content-Length: %d\r\n" % len(body), body)
    if kind < 0.35:
        return chance.choice(_HOSTILE)
    length = chance.choice((len(body), len(body), len(body), len(body) + 1, max(len(body) - 1, 0)))
    lines = [b"Host: localhost", b"Content-Type: application/json"] * (chance.random() < 0.9)
    lines += [chance.choice(LENGTHS[:2] if chance.random() < 0.8 else LENGTHS) % length]
    lines += chance.sample(LINES, chance.choice((0, 0, 1, 1, 4)))
    chance.shuffle(lines)
    first = chance.choice(FIRST_LINES) if chance.random() < 0.2 else FIRST_LINES[0]
    return first + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + body


_HOSTILE = [data for _, data in HOSTILE.values() if len(data) < 10_000]


async def compare(app: ASGIApp, seed: int, requests: int) -> tuple[Counter[str], list[str]]:
    """The statuses of all responses, and a description of each difference."""
    chance, worker = random.Random(seed), loop_worker(app)  # noqa: S311
    found: list[str] = []
    for name, value in runpy.run_path(str(ROOT / "gunicorn.conf.py")).items():
        if name.startswith("limit_"):
            worker.cfg.set(name, value)
    statuses: Counter[str] = Counter()
    while statuses.total() < requests and len(found) < SHOWN:
        pieces, rest = generate(chance)
        ours = await answers(DeferringProtocol(worker), pieces, rest)
        theirs = await answers(Protocol(worker), pieces, rest)
        heads = re.findall(rb"HTTP/1\.[01] (\d{3})", theirs)
        statuses.update(code.decode() for code in heads or [b"none"])
        if ours != theirs:
            found.append(f"{pieces!r}\n  llhttp:   {ours!r}\n  gunicorn: {theirs!r}")
    return statuses, found


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare generated requests; 1 if there is a difference."""
    from training.sensor_example import data, fit  # heavy

    parser = argparse.ArgumentParser(prog="python -m tests.support.two_parsers")
    parser.add_argument("--requests", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args(arguments)
    logs.configure("critical")
    with TemporaryDirectory() as folder:
        artifact = Path(folder) / "model"
        fit.fit(data.DEFAULT, artifact, report=False)
        statuses, found = asyncio.run(
            compare(bridged(Predictor.load(artifact), QUICK), options.seed, options.requests)
        )
    print(f"{statuses.total()} answers:", dict(statuses.most_common()))
    print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
