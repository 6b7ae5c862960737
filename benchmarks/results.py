"""The results as a Markdown page."""

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.environments import version
from benchmarks.figures import LIVE, OURS, Case, Figures, middle, ratios
from benchmarks.models import Model
from benchmarks.roster import Peer

TITLE = "# This service and its peers, side by side\n"


@dataclass(frozen=True, slots=True)
class Run:
    """The options of a run; `busy` is the machine's load average before it."""

    peers: Sequence[Peer]
    models: Sequence[Model]
    rows: Sequence[int]
    seconds: float
    rounds: int
    busy: float


def page(run: Run, figures: Figures, done: int, plot: str) -> str:
    """The page, after `done` rounds."""
    return "\n".join(
        [
            TITLE,
            *_setting(run, done),
            f"![requests per second]({plot})\n",
            "## In short\n",
            "Medians of this service over medians of a peer.\n",
            *(f"- {line}" for line in ratios(figures, [m.name for m in run.models], run.rows)),
            "",
            *_servers(run, figures),
            *(line for model in run.models for line in _model(run, model, figures)),
        ]
    )


def _setting(run: Run, done: int) -> Iterator[str]:
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}. "
        f"`make bench` made this page.\n"
    )
    yield (
        f"The server has one core and one worker, the load another core and 16 connections, each "
        f"with one request at a time. Every figure is the median of {done} rounds of "
        f"{run.seconds:g} seconds; in each round all peers take their turns. All serve the same "
        f"model file with the same rows, and a peer whose answers are not the model's own "
        f"predictions is not measured. The machine's load average before the run was "
        f"{run.busy:.1f}; where other work shares the core, peers with more threads gain by it.\n"
    )


def _servers(run: Run, figures: Figures) -> Iterator[str]:
    yield "## The servers\n"
    yield (
        "Memory is proportional (PSS): what processes share counts once. "
        "The start is from the command to the first prediction.\n"
    )
    yield "| | version | start, s | memory, MB | further worker, MB | environment, MB | run as |"
    yield "|---|---|---|---|---|---|---|"
    for peer in run.peers:
        name = peer.name
        cells = (
            peer.title,
            version(peer),
            number(middle(figures.start[name]), 2),
            number(middle(figures.first_mb[name]), 0),
            number(middle(figures.further_mb[name]), 0),
            number(figures.size_mb.get(name), 0),
            peer.note or f"`{peer.command.format(bin='', port='8080', workers=1).lstrip('/')}`",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _model(run: Run, model: Model, figures: Figures) -> Iterator[str]:
    yield f"## {model.title[0].upper()}{model.title[1:]}\n"
    for count in run.rows:
        slipway = figures.point(Case(OURS, model.name, count))
        yield f"{count:,} {'row' if count == 1 else 'rows'} in a request:\n"
        yield "| | requests/s | this service is | p50, ms | p99, ms |"
        yield "|---|---|---|---|---|"
        for peer in run.peers:
            case = Case(peer.name, model.name, count)
            point = figures.point(case)
            if point is None:
                yield f"| {peer.title} | cannot: {cell(figures.cannot.get(case, '–'))} | | | |"
                continue
            times = f"{slipway.rate / point.rate:.2f} ×" if slipway else "–"
            figure = f"{point.rate:,.0f} | {times} | {point.p50:.2f} | {point.p99:.2f}"
            often = " (not in every round)" if case in figures.cannot else ""
            yield f"| {peer.title}{often} | {figure} |"
        yield ""
    live = figures.point(Case(OURS, model.name, LIVE))
    if live:
        yield f"`GET /health/live` of this service meanwhile: {live.rate:,.0f} requests/s.\n"


def number(value: float | None, digits: int) -> str:
    """A figure for a cell."""
    return "–" if value is None else f"{value:,.{digits}f}"


def cell(text: str) -> str:
    """Text with the characters escaped that would break a table."""
    return text.replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def processor() -> str:
    """The name of the processor; its architecture, if the name is unknown."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
