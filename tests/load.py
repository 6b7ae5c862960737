"""Open-loop load: requests start when they are due, whether or not earlier ones were answered."""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter

HEADERS = "Host: x\r\nContent-Type: application/json\r\n"


@dataclass(slots=True)
class Load:
    """What came of a load: seconds by status, and connection errors."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    errors: int = 0

    def count(self, status: int) -> int:
        """How many answers had this status."""
        return len(self.seconds.get(status, []))

    def milliseconds(self, status: int, quantile: float) -> float:
        """A quantile of the time that answers with this status took; 0 if there were none."""
        ordered = sorted(self.seconds.get(status, [0.0]))
        return 1000 * ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]


class Client:
    """Keeps connections open, as a load balancer does, and opens one more when all are in use."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.load = Load()

    async def send(self, request: bytes) -> None:
        """Send one request and note what came of it."""
        begin = perf_counter()
        try:
            if self.idle:
                reader, writer = self.idle.pop()
            else:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length: ")[1].split("\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            self.load.errors += 1
            return
        self.load.seconds.setdefault(int(head[9:12]), []).append(perf_counter() - begin)
        if "connection: close" in head:
            writer.close()
        else:
            self.idle.append((reader, writer))

    async def run(self, request: bytes, rate: float, seconds: float) -> None:
        """Start `rate` requests per second for some seconds, and wait for all answers."""
        begin = perf_counter()
        tasks = []
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            tasks.append(asyncio.create_task(self.send(request)))
        await asyncio.gather(*tasks)

    def close(self) -> None:
        """Close what is still open."""
        for _, writer in self.idle:
            writer.close()


def post(body: str) -> bytes:
    """A request for predictions."""
    head = f"POST /predict HTTP/1.1\r\n{HEADERS}Content-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def get(path: str) -> bytes:
    """A request for anything else."""
    return f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()


def offer(port: int, body: str, rate: float, seconds: float) -> tuple[Load, Load]:
    """Ask for predictions at a rate, and for health ten times a second beside it."""

    async def scene() -> tuple[Load, Load]:
        predictions, health = Client(port), Client(port)
        await asyncio.gather(
            predictions.run(post(body), rate, seconds), health.run(get("/health"), 10, seconds)
        )
        predictions.close()
        health.close()
        return predictions.load, health.load

    return asyncio.run(scene())
