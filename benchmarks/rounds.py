"""Measures one peer after the other, round by round, so that noise affects all peers equally."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import LIVE, Case, Figures, Point
from benchmarks.models import Made
from benchmarks.roster import ROOT, Peer
from service.bench.capacity import maximum_rate
from service.bench.command import post
from service.bench.process import (
    HOST,
    BenchError,
    Started,
    ask,
    free_port,
    on_core,
    started,
)

WARM_SECONDS = 0.3
DROPPED = ("SERVICE_", "GUNICORN_", "PROMETHEUS_", "PYTHON", "WEB_CONCURRENCY", "MAKE", "PORT")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
QUIET = {"BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@dataclass(frozen=True, slots=True)
class Contest:
    """A peer that is ready to serve a model: its environment, its folder, and the artifact."""

    peer: Peer
    made: Made
    venv: Path
    folder: Path
    artifact: Path


def contest(peer: Peer, made: Made, venv: Path, work: Path) -> Contest:
    """Prepare the peer to serve a model; BenchError with the reason if that fails."""
    ready = Contest(peer, made, venv, work / peer.name, artifact(peer.engine, work))
    if not peer.at_home:
        shutil.rmtree(ready.folder, ignore_errors=True)
        shutil.copytree(ROOT / "benchmarks/peers" / peer.name, ready.folder)
    ready.folder.mkdir(exist_ok=True)
    if peer.prepare:
        done = subprocess.run(
            peer.prepare.format(bin=venv / "bin").split(),
            cwd=ready.folder,
            env=environment(ready, 0, 1),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2][:300]
            raise BenchError(f"cannot be prepared: {said}")
    return ready


def environment(one: Contest, port: int, workers: int) -> Mapping[str, str]:
    """The environment of a peer: only the variables that it needs."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(DROPPED)}
    variables = {
        "BENCH_MODEL": str(one.made.file),
        "BENCH_SAMPLE": str(one.made.sample),
        "BENCH_KIND": one.made.model.kind,
        "BENCH_ARTIFACT": str(one.artifact),
        "BENCH_PORT": str(port),
        "BENCH_WORKERS": str(workers),
        "SERVICE_MODEL": str(one.artifact),
        "SERVICE_DRAIN_SECONDS": "0",
        "SERVICE_QUEUE_SECONDS": "60",  # the peers do not reject requests that wait either
        "SERVICE_DEADLINE_SECONDS": "60",
        "WEB_CONCURRENCY": str(workers),
        "MLSERVER_HOST": HOST,
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(free_port()),
        "MLSERVER_METRICS_PORT": str(free_port()),
        "MLSERVER_PARALLEL_WORKERS": str(workers - 1),
    }
    own = {"PYTHONPATH": str(ROOT)} if one.peer.requirements else {}
    path = {"PATH": f"{one.venv / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    return {**kept, **ONE_THREAD, **QUIET, **variables, **own, **path}


def artifact(engine: str, work: Path) -> Path:
    """The folder of the artifact that was packed for an engine."""
    return work / f"artifact-{engine}"


@contextmanager
def served(one: Contest, request: bytes, workers: int = 1) -> Iterator[tuple[Started, int]]:
    """Start the peer; yield when it has answered this request."""
    port = free_port()
    command = one.peer.command.format(bin=one.venv / "bin", port=port, workers=workers)
    with started(
        command.split(),
        (HOST, port),
        request,
        environment=environment(one, port, workers),
        folder=ROOT if one.peer.at_home else one.folder,
        log=one.folder / "log",
    ) as running:
        yield running, port


def measure(
    one: Contest, counts: Sequence[int], seconds: float, figures: Figures, further: bool
) -> None:
    """Start a peer, measure it with each number of rows, and stop it. Record failures."""
    peer, model = one.peer, one.made.model.name
    requests = {
        count: post(peer.path, peer.body(one.made.table.head(count))) for count in sorted(counts)
    }
    least = min(requests)
    with on_core(-1):
        try:
            with served(one, requests[least]) as (running, port):
                figures.start[peer.name].append(running.seconds)
                maximum_rate((HOST, port), requests[least], WARM_SECONDS)
                memory = running.megabytes()
                figures.first_mb[peer.name].append(memory)
                for count, request in requests.items():
                    _load(one, port, count, request, seconds, figures)
                if peer.live:
                    request = f"GET {peer.live} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
                    _load(one, port, LIVE, request, seconds, figures)
            if further:
                with served(one, requests[least], workers=2) as (running, port):
                    maximum_rate((HOST, port), requests[least], 2 * WARM_SECONDS)
                    figures.further_mb[peer.name].append(running.megabytes() - memory)
        except (BenchError, OSError, HTTPException) as error:
            for count in counts:
                figures.cannot.setdefault(Case(peer.name, model, count), str(error))


def _load(
    one: Contest, port: int, count: int, request: bytes, seconds: float, figures: Figures
) -> None:
    case = Case(one.peer.name, one.made.model.name, count)
    try:
        fault = wrong(one, count, *ask((HOST, port), request))
        if not fault:
            maximum_rate((HOST, port), request, WARM_SECONDS)
            rate, load = maximum_rate((HOST, port), request, seconds)
            answered = {status: load.count(status) for status in sorted(load.statuses)}
            if load.errors or list(answered) != [200]:
                fault = f"under load: {answered} answers, {load.errors} connections lost"
    except (OSError, HTTPException) as error:
        fault = f"no answer: {error or type(error).__name__}"
    if fault:
        figures.cannot[case] = fault
    else:
        times = load.milliseconds(200, 0.5), load.milliseconds(200, 0.99)
        figures.points[case].append(Point(rate, *times))


def wrong(one: Contest, count: int, status: int, body: bytes) -> str:
    """What is wrong with a response; empty if it has the model's own predictions."""
    if status != 200:
        return f"answers {status}: {' '.join(body[:200].decode(errors='replace').split())}"
    if count == LIVE:
        return ""
    try:
        predicted: Any = np.asarray(one.peer.read(json.loads(body)), float).ravel()
    except (AttributeError, LookupError, StopIteration, TypeError, ValueError):
        return f"answers something else: {' '.join(body[:200].decode(errors='replace').split())}"
    same = predicted.shape == (count,) and (predicted == one.made.answers[:count]).all()
    return "" if same else "predicts something else"
