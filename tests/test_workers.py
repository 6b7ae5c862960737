"""The app under gunicorn's workers: behind its bridge or plain, and one that cannot warm up."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bad_bodies import ANSWER, BAD_JSON, EXAMPLE
from tests.support.bad_tables import BAD_TABLES
from tests.support.raw import CHUNKED, CLOSE, LENGTH, chunks, exchange, get, post
from tests.support.serving import (
    ROOT,
    Answer,
    Server,
    clean_environment,
    free_port,
    gunicorn,
    serve,
    wait_until,
)
from tests.test_who_asked import CLIENT, FORWARDED, line_for

COLD = """
from service.middleware.auth import AccessControl
from service.middleware.response import ResponseContext
from service.observability import logs
from service.observability.metrics import Metrics
from service.server.asgi_app import ASGIApp
from service.server.drain import Drain
from service.settings import Settings

logs.configure("info")


def fail():
    raise ValueError("golden row 7 is cold")


bridge = ASGIApp(
    None,
    Settings(),
    Drain(0),
    AccessControl(),
    ResponseContext(Metrics("model", "version", "engine"), "version"),
    expected_seconds=lambda size: 0.0,
    start_up=fail,
)
"""


def test_a_worker_that_cannot_warm_up_stops_the_service(tmp_path: Path) -> None:
    (tmp_path / "cold.py").write_text(COLD)
    ended = subprocess.run(
        gunicorn(free_port(), "--pythonpath", str(tmp_path), "cold:bridge"),
        cwd=ROOT,
        env=clean_environment(PYTHONDONTWRITEBYTECODE="1"),
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
    )
    assert ended.returncode not in (0, None)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert "golden row 7 is cold" in str([line for line in lines if line["level"] == "error"])


def test_a_reload_starts_workers_with_the_model_that_was_verified_at_the_start(
    own_artifact: Path,
) -> None:
    with serve(own_artifact) as running:
        version = running.predict(EXAMPLE).headers["model-version"]
        for name in ("manifest.json", "model.joblib"):
            (own_artifact / name).write_bytes(b"not what was verified")
        running.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: running.log.read_text().count("Booting worker") == 2, "the second worker"
        )
        answer = running.predict(EXAMPLE)
        assert (answer.status, answer.body) == (200, ANSWER)
        assert answer.headers["model-version"] == version


@pytest.fixture(scope="module")
def plain(artifact: Path) -> Iterator[Server]:
    """The app without its bridge, under gunicorn's worker of threads."""
    with serve(artifact, "--worker-class", "gthread", "service.app:create_app()") as running:
        yield running


def comparable(answer: Answer) -> tuple[int, str, Any]:
    """An answer without the request's id."""
    content = json.loads(answer.body)
    content.pop("request_id", None)
    content.get("errors", []).sort(key=lambda error: error["pointer"])  # names come in any order
    return answer.status, answer.headers["content-type"], content


def test_the_published_example_is_answered_without_the_bridge(plain: Server) -> None:
    answer = plain.predict(EXAMPLE)
    assert (answer.status, answer.body) == (200, ANSWER)
    chunked = exchange(plain, post(CHUNKED + CLOSE, chunks(EXAMPLE, 7)))
    assert chunked is not None
    assert (chunked.status, chunked.body) == (200, ANSWER)


def test_a_body_over_the_limit_is_refused_without_the_bridge(plain: Server, server: Server) -> None:
    body = b" " * 1_048_577
    answer = plain.predict(body)
    assert answer.status == 413
    assert comparable(answer) == comparable(server.predict(body))
    in_chunks = exchange(plain, post(CHUNKED, chunks(body, 65_536)))
    assert in_chunks is not None
    assert comparable(in_chunks) == comparable(answer)


@pytest.mark.slow
def test_bad_input_gets_the_same_problem_without_the_bridge(plain: Server, server: Server) -> None:
    for name, case in {**BAD_JSON, **BAD_TABLES}.items():
        one, other = (
            comparable(running.request("POST", "/predict", case.body, case.headers))
            for running in (plain, server)
        )
        assert one == other, name


@pytest.mark.parametrize("target", [b"/%6dodel", b"/%6Dodel?a=b", b"/mode%6c"])
def test_no_address_has_a_second_spelling_without_the_bridge(plain: Server, target: bytes) -> None:
    answer = exchange(plain, get(target))
    assert answer
    assert answer.status == 404
    answer = exchange(plain, post(LENGTH % len(EXAMPLE) + CLOSE, EXAMPLE, b"/%70redict"))
    assert answer
    assert answer.status == 404


LOGGED = """
from service.app import create_app
from service.observability import logs

logs.configure("info")
app = create_app()
"""


@pytest.mark.parametrize(("allowed", "client"), [("192.0.2.1", "127.0.0.1"), ("*", CLIENT)])
def test_the_client_is_logged_without_the_bridge(
    artifact: Path, tmp_path: Path, allowed: str, client: str
) -> None:
    (tmp_path / "logged.py").write_text(LOGGED)
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "FORWARDED_ALLOW_IPS": allowed}
    with serve(artifact, "--worker-class", "gthread", "logged:app", **environment) as running:
        assert line_for(running, get(b"/model", FORWARDED), 200)["client"] == client
