"""The real gunicorn: its messages if it cannot serve, how it stops, and what workers share."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from service.asgi import expected_seconds
from service.model.manifest import Manifest
from tests.support.serving import (
    ROOT,
    Server,
    children_of,
    clean_environment,
    free_port,
    gunicorn,
    serve,
    wait_until,
)
from training.sensor_example import data

EXAMPLE = json.dumps({"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"})


def refusal(code: int, port: int | None = None, **settings: str) -> str:
    """Start what must not start; its only line on stderr, for less than 5 seconds of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        gunicorn(port or free_port()),
        cwd=ROOT,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=30,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("slipway: ")
    return ended.stderr


def test_the_published_example_is_answered(server: Server) -> None:
    answer = server.predict(EXAMPLE)
    assert answer.status == 200
    assert json.loads(answer.body) == {"class": [0.0, 1.0, 1.0]}


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / "model.joblib").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.joblib").write_bytes(content)


def truncate(folder: Path) -> None:
    content = (folder / "model.joblib").read_bytes()
    (folder / "model.joblib").write_bytes(content[:-1])


def append_a_byte(folder: Path) -> None:
    with (folder / "model.joblib").open("ab") as file:
        file.write(b"\0")


def remove_the_model(folder: Path) -> None:
    (folder / "model.joblib").unlink()


def remove_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def put_another_model_there(folder: Path) -> None:
    readings = data.read(data.DEFAULT)
    other = LogisticRegression(C=0.01).fit(readings.inputs, readings.target)
    joblib.dump(other, folder / "model.joblib")


def change_a_version(folder: Path) -> None:
    edit(folder, lambda manifest: manifest["versions"].update({"numpy": "1.0.0"}))


def change_a_golden_value(folder: Path) -> None:
    edit(folder, lambda m: m["golden"]["outputs"]["class"].__setitem__(0, 0.001))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "code", "complaint"),
    [
        (flip_a_bit, 65, "sha256"),
        (truncate, 65, "bytes"),
        (append_a_byte, 65, "bytes"),
        (remove_the_model, 66, "model.joblib: cannot be read"),
        (remove_the_manifest, 66, "manifest.json: cannot be read"),
        (put_another_model_there, 65, "not the file that was packed"),
        (change_a_version, 65, "packed with numpy 1.0.0"),
        (change_a_golden_value, 65, "golden row 0"),
    ],
)
def test_a_bad_artifact_does_not_start(
    own_artifact: Path, spoil: Callable[[Path], None], code: int, complaint: str
) -> None:
    spoil(own_artifact)
    assert complaint in refusal(code, SERVICE_MODEL=str(own_artifact))


def test_no_model_does_not_start(tmp_path: Path) -> None:
    assert "no artifact" in refusal(66, SERVICE_MODEL=str(tmp_path / "none"))


def test_a_misspelt_setting_does_not_start() -> None:
    assert "did you mean SERVICE_MAX_ROWS?" in refusal(78, SERVICE_MAX_ROW="5")


def test_a_bad_value_does_not_start() -> None:
    assert "SERVICE_MAX_ROWS is 'many'" in refusal(78, SERVICE_MAX_ROWS="many")


def test_a_port_in_use_does_not_start(artifact: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        line = refusal(69, port, SERVICE_MODEL=str(artifact))
    assert f"127.0.0.1:{port}" in line
    assert "PORT=" in line


def test_the_garbage_collector_leaves_alone_what_was_loaded(artifact: Path) -> None:
    asked = (
        "import gc, service.asgi\n"
        "application = service.asgi.application()\n"
        "print(len(gc.get_objects()), gc.get_freeze_count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env=clean_environment(SERVICE_MODEL=str(artifact)),
        capture_output=True,
        text=True,
        check=True,
    )
    left, frozen = map(int, done.stdout.split())
    assert left < 1000 < 10_000 < frozen


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(artifact: Path, stop: signal.Signals) -> None:
    with serve(artifact, WEB_CONCURRENCY="2") as server:
        wait_until(lambda: len(children_of(server.process.pid)) == 2, "two workers")
        children = children_of(server.process.pid)
        server.process.send_signal(stop)
        assert server.process.wait(20) == 0
        assert not [child for child in children if Path(f"/proc/{child}").exists()]
        assert "Traceback" not in server.log.read_text()
        with pytest.raises(ConnectionRefusedError):
            server.connect()


def test_workers_share_what_the_first_process_loaded(artifact: Path) -> None:
    with serve(artifact, WEB_CONCURRENCY="2") as server:
        threads = f"/proc/{server.process.pid}/task"
        assert len(os.listdir(threads)) == 1, "a thread before the fork can hang the workers"
        moved = artifact.rename(artifact.with_name("moved"))
        try:
            os.kill(children_of(server.process.pid)[0], signal.SIGKILL)
            for _ in range(20):
                assert server.predict(EXAMPLE).status == 200
        finally:
            moved.rename(artifact)


def test_long_bodies_are_expected_to_take_longer(artifact: Path) -> None:
    manifest = Manifest.from_json((artifact / "manifest.json").read_text())
    seconds = expected_seconds(manifest)
    assert seconds(0) == 0
    assert manifest.seconds["1"] <= seconds(50) < seconds(5_000) < seconds(1_000_000)
