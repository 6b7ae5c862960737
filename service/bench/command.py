"""`slipway bench`: measures an artifact under the real gunicorn with one worker."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from service import settings
from service.bench import capacity
from service.bench.process import HOST, BenchError, Started, free_port, on_core, started
from service.model import artifact

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "slipway/gunicorn.conf.py"  # a wheel has it only there
WARM_SECONDS = 0.5


class UnwritableError(BenchError):
    """The file of the results cannot be written."""

    exit_code = os.EX_CANTCREAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Results for one artifact on one core.

    `requests_per_second` is the largest rate with `p99_ms` within `target_ms` and no rejections.
    There requests may share calls of the model; `alone_ms` is the time of one request alone.
    Memory is that of the whole service with one worker (PSS; 0 if unknown).
    """

    model: str
    version: str
    engine: str
    rows: int
    target_ms: float
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    alone_ms: float
    rss_mb: float
    further_worker_mb: float
    start_seconds: float

    def lines(self) -> str:
        """The results as text."""
        return "\n".join(
            (
                f"model      {self.model} {self.version} on {self.engine}, "
                f"{self.rows} rows in a request",
                f"capacity   {self.requests_per_second:,.0f} requests per second on one core, "
                f"p99 within {self.target_ms:g} ms",
                f"at that    p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms",
                f"one alone  {self.alone_ms:.2f} ms for a request that shares no call of the model",
                f"memory     {self.rss_mb:.0f} MB, "
                f"and {self.further_worker_mb:.0f} MB for each further worker",
                f"start      {self.start_seconds:.2f} s to the first answer",
            )
        )


def run(options: argparse.Namespace) -> None:
    """Measure, and print the results; ArtifactError or BenchError if that fails."""
    with (
        _ended_by(signal.SIGTERM, signal.SIGHUP),
        click.progressbar(
            length=capacity.BISECTIONS,
            label="Trying rates",
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
        ) as bar,
    ):
        figures = bench(
            options.artifact,
            rows=options.rows,
            target_ms=options.target_ms,
            seconds=options.seconds,
            advance=bar.update,
        )
    print(figures.lines())
    if options.json:
        try:
            options.json.write_text(json.dumps(asdict(figures), indent=2) + "\n")
        except OSError as error:
            raise UnwritableError(f"cannot be written ({error}); choose another path") from error


@contextmanager
def _ended_by(*signals: signal.Signals) -> Iterator[None]:
    """Make these signals end the command as an exception does, so that it stops its servers."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = [signal.signal(one, end) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def bench(
    folder: Path,
    *,
    rows: int,
    target_ms: float,
    seconds: float,
    advance: Callable[[int], object] = lambda rates: None,
) -> Figures:
    """Measure an artifact; ArtifactError or BenchError if that fails.

    `advance` is called with 1 for each of the `capacity.BISECTIONS` rates that were tried.
    """
    manifest = artifact.read_manifest(folder)
    request = post("/predict", payload(manifest.golden.inputs, rows))
    with on_core(-1):
        with served(folder, request, workers=2) as (two, port):
            capacity.maximum_rate((HOST, port), request, WARM_SECONDS)
            with_two = two.megabytes()
        with served(folder, request, workers=1) as (one, port):
            capacity.maximum_rate((HOST, port), request, WARM_SECONDS)
            with_one = one.megabytes()
            alone = capacity.milliseconds_alone((HOST, port), request, WARM_SECONDS)
            found = capacity.search((HOST, port), request, target_ms, seconds, advance)
    return Figures(
        model=manifest.name,
        version=manifest.version,
        engine=manifest.engine,
        rows=rows,
        target_ms=target_ms,
        alone_ms=round(alone, 3),
        rss_mb=round(with_one, 1),
        further_worker_mb=round(with_two - with_one, 1),
        start_seconds=round(one.seconds, 3),
        **{name: round(value, 3) for name, value in asdict(found).items()},
    )


@contextmanager
def served(folder: Path, request: bytes, workers: int) -> Iterator[tuple[Started, int]]:
    """The real gunicorn with the committed configuration, and its port."""
    port, metrics_port = free_port(), free_port()
    environment = settings.environment(
        WEB_CONCURRENCY=str(workers),
        SERVICE_MODEL=str(folder.resolve()),
        SERVICE_DRAIN_SECONDS="0",
        SERVICE_METRICS_PORT=str(metrics_port),
    )
    binds = [f"--bind={HOST}:{port}", f"--bind={HOST}:{metrics_port}"]
    with (
        TemporaryDirectory() as temporary,
        started(
            [sys.executable, "-m", "gunicorn", "--config", str(CONFIG), *binds],
            (HOST, port),
            request,
            environment=environment,
            folder=ROOT,
            log=Path(temporary) / "log",
        ) as running,
    ):
        yield running, port


def payload(columns: Mapping[str, list[Any]], rows: int) -> bytes:
    """A body of `rows` rows, which repeats the golden rows if necessary."""
    wanted = {name: list(islice(cycle(values), rows)) for name, values in columns.items()}
    return json.dumps(wanted).encode()


def post(path: str, body: bytes, media_type: str = "application/json") -> bytes:
    """The bytes of a request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: application/json\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
