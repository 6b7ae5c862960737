"""gunicorn's private names: all there today, and what happens where one is missing."""

import json
import re
import shutil
from pathlib import Path

import gunicorn
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from service.server.gunicorn import compat
from service.server.gunicorn.compat import FOR_DEFERRING, FOR_TIMEOUTS
from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.raw import LENGTH, exchange, post
from tests.support.serving import serve

GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)


@pytest.mark.parametrize("names", [FOR_TIMEOUTS, FOR_DEFERRING], ids=["timeouts", "deferring"])
def test_gunicorn_has_all_private_names_that_are_used(names: dict[str, tuple[str, ...]]) -> None:
    """If this fails after an update of gunicorn, it names what has changed."""
    assert compat.missing(names, Config(), Logger(Config())) == []


def renamed(old: str, new: str, folder: Path) -> Path:
    """A copy of gunicorn, as if a release had renamed something in all of its files."""
    shutil.copytree(Path(gunicorn.__file__).parent, folder / "gunicorn")
    for path in folder.glob("gunicorn/**/*.py"):
        path.write_text(re.sub(rf"(?<![A-Za-z_]){old}(?![A-Za-z_])", new, path.read_text()))
    return folder


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("_pause_reading", "_stop_reading", ["ASGIProtocol._pause_reading"]),
        ("write_paused", "is_paused", ["FlowControl.write_paused"]),
        ("_send_error_response", "_send_error", ["ASGIProtocol._send_error_response"]),
        ("request_line", "start", ["PythonProtocol._state == 'request_line'"]),
        ("_body_receiver", "_receiver", ["ASGIProtocol._body_receiver"]),
        ("_serve", "_run", ["ASGIWorker._serve"]),
        ("_setup_event_loop", "_make_loop", ["ASGIWorker._setup_event_loop"]),
    ],
)
def test_without_a_name_the_service_warns_once_and_answers_the_same(
    artifact: Path, tmp_path: Path, old: str, new: str, missing: list[str]
) -> None:
    path = str(renamed(old, new, tmp_path))
    with serve(artifact, PYTHONPATH=path, WEB_CONCURRENCY="2") as server:
        for _ in range(3):
            answer = exchange(server, GOOD)
            assert answer
            assert (answer.status, answer.body) == (200, ANSWER)
        log = server.log.read_text()  # gunicorn's own worker may be slow to stop, and logs it
        server.process.terminate()
        assert server.process.wait(30) == 0
    lines = [json.loads(line) for line in log.splitlines()]
    [warning] = [line for line in lines if line["level"] != "info"]
    assert (warning["level"], warning["missing"]) == ("warning", missing)
