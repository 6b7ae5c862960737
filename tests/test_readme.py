"""Every command of README.md and CONTRIBUTING.md, run as a stranger would, in a fresh checkout."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from tests.support.browsing import executable
from tests.support.containers import another_image_name, docker, require_engine, unique
from tests.support.pictures import PICTURES
from tests.support.serving import ROOT, clean_environment, free_port
from tests.support.stranger import ask, commands, curls, foreground, run
from tests.test_pictures import LARGEST

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def try_curls(port: int) -> None:
    """Paste each curl of the README into a shell; only the port is another."""
    for command, promised in curls(README):
        answer = json.loads(ask(command, port))
        if "request_id" in promised:
            answer["request_id"] = promised["request_id"]
        assert answer == promised


def test_no_command_is_left_out_here() -> None:
    tried = {
        *DONE_BY_MAKE,
        *DONE_BY_DOCKER,
        *DONE_ON_AWS,
        *(" ".join(c.split()) for c, _ in curls(README)),
    }
    assert {" ".join(line.split()) for line in commands(README + CONTRIBUTING)} == tried
    assert len(curls(README)) == 2


DONE_BY_MAKE = {
    "make serve",
    "make test",
    "make check",
    "make coverage",
    "make audit",
    "make faults",
    "make fuzz",
    "make frames",
    "make bench",
    "make pictures",
    "make docs",
    "make parity",
    ".venv/bin/slipway pack model.joblib --sample rows.csv --target answer --out artifacts/mine",
    ".venv/bin/slipway serve artifacts/mine",
    ".venv/bin/slipway serve my.joblib --sample rows.csv",
    ".venv/bin/slipway bench artifacts/mine --target-ms 50",
    ".venv/bin/slipway check artifacts/mine",
    ".venv/bin/slipway predict artifacts/mine new.csv scored.csv",
    ".venv/bin/slipway fit --data training/sensor_example/data/sensors.csv --out artifacts/model",
}
DONE_ON_AWS = {"ecs/verify", "ecs/deploy"}  # tests/deploying/test_deploy_page.py runs them
DONE_BY_DOCKER = {"docker compose up", "docker build --build-arg MODEL=packed --tag slipway ."}


def test_make_serves_the_published_example_and_stops_on_ctrl_c(checkout: Path) -> None:
    port = free_port()
    with foreground(checkout, "make serve", port, os.killpg) as server:  # as Ctrl-C does
        try_curls(port)
        log = server.log.read_text()
        assert f"curl http://127.0.0.1:{port}/predict" in log
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "Shutting down: Master" in log
    assert (checkout / "artifacts/model/model.joblib").exists()


def test_make_serve_refuses_a_port_that_is_none_before_it_does_anything(checkout: Path) -> None:
    for port in ("abc", "", "80 80"):
        made = subprocess.run(
            ["make", "serve", f"PORT={port}"],
            cwd=checkout,
            env=clean_environment(),
            capture_output=True,
            text=True,
        )
        assert made.returncode != 0
        assert made.stdout == ""
        assert made.stderr.startswith("PORT must be a number, like this: make serve PORT=8081\n")


def test_make_tests(developed: Path) -> None:
    # running them all here would never end
    assert "passed" in run(developed, "make test", ARGS="-n0 tests/test_path.py")


def test_make_tries_faults(developed: Path) -> None:
    found = run(developed, "make faults", ARGS="--collect-only -q")
    assert "test_rolling.py" in found


def test_make_bench_plans_all_peers_and_models(developed: Path) -> None:
    planned = run(developed, "make bench", ARGS="--plan")
    for model in ("logistic", "forest", "boosting", "mixed"):
        peers = "slipway, sklearn, limit, granian, fastapi, flask, mlserver, mlflow"
        assert f"{model}: {peers}" in planned


@pytest.mark.browser
def test_make_takes_pictures(developed: Path, tmp_path: Path) -> None:
    executable()
    run(developed, "make pictures", ARGS=f"--out {tmp_path}")
    taken = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(taken) == {f"{one.name}.png" for one in PICTURES}
    assert min(taken.values()) > 10_000
    assert max(taken.values()) < LARGEST


def test_make_checks(developed: Path) -> None:
    planned = run(developed, "make --dry-run check")
    assert [word for word in ("ruff", "mypy", "diff", "pytest") if word not in planned] == []


def test_make_docs_builds_the_site_strictly(developed: Path) -> None:
    # tests/test_site.py runs it
    assert "mkdocs build" in run(developed, "make --dry-run docs")


def test_make_parity_compares_with_the_real_servers(developed: Path) -> None:
    # tests/test_parity.py tries how it compares
    assert "benchmarks.parity" in run(developed, "make --dry-run parity")


def test_make_asks_for_vulnerabilities_of_each_lock(developed: Path) -> None:
    assert "pip-audit --strict" in run(developed, "make --dry-run audit")


def test_make_asks_for_coverage(developed: Path) -> None:
    assert "pytest --cov" in run(developed, "make --dry-run coverage")


def test_a_model_of_ones_own_is_packed_served_and_measured(checkout: Path) -> None:
    own = LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"])
    joblib.dump(own, checkout / "model.joblib")
    (checkout / "rows.csv").write_text("size,answer\n0,no\n1,yes\n")
    run(checkout, "make .venv/serving")
    [pack] = [line for line in DONE_BY_MAKE if "slipway pack" in line]
    assert "size" in run(checkout, pack)
    assert "The service would start with it." in run(
        checkout, ".venv/bin/slipway check artifacts/mine"
    )
    port = free_port()
    shutil.copy(checkout / "model.joblib", checkout / "my.joblib")
    for line in (
        ".venv/bin/slipway serve artifacts/mine",
        ".venv/bin/slipway serve my.joblib --sample rows.csv",
    ):
        assert line in DONE_BY_MAKE
        target = " --target answer" if "--sample" in line else ""
        command = f"XDG_CACHE_HOME={checkout}/cache {line}{target} --port {port}"
        with foreground(checkout, command, port, os.killpg) as server:
            answer = server.predict('{"size": [5, -5]}')
        assert json.loads(answer.body) == {"answer": ["yes", "no"]}
    [bench] = [line for line in DONE_BY_MAKE if "slipway bench" in line]
    [score] = [line for line in DONE_BY_MAKE if "slipway predict" in line]
    (checkout / "new.csv").write_text("size\n0\n1\n")
    assert run(checkout, score).startswith("2 of 2 rows scored to scored.csv")
    assert (checkout / "scored.csv").read_text() == "size,answer\n0,no\n1,yes\n"
    measured = run(checkout, bench.replace("50", "500 --seconds 0.3"))  # CI's cores are busy
    assert "requests per second on one core" in measured


def test_fitting_by_hand_replaces_the_artifact(checkout: Path) -> None:
    [command] = [line for line in DONE_BY_MAKE if "slipway fit" in line]
    run(checkout, "make .venv/serving")
    assert "balanced accuracy" in run(checkout, command)


@pytest.mark.container
def test_docker_compose_serves_the_published_example_and_stops_on_ctrl_c(checkout: Path) -> None:
    require_engine()
    port = free_port()
    project = f"slipway-test-{port}"
    with another_image_name(checkout):
        try:
            # to the one process: some releases of compose panic when a group's signal comes twice
            with foreground(checkout, "docker compose up", port, os.kill):
                try_curls(port)
            container = f"{project}-slipway-1"
            ended = docker("inspect", "--format", "{{.State.ExitCode}}", container)
            assert ended.stdout == "0\n", ended.stderr
        finally:
            docker("compose", "--project-name", project, "down", seconds=120)


@pytest.mark.container
def test_docker_builds_with_the_packed_artifact(checkout: Path) -> None:
    require_engine()
    run(checkout, "make train")
    tag = unique()
    command = "docker build --build-arg MODEL=packed --tag slipway ."
    assert command in DONE_BY_DOCKER
    try:
        run(checkout, command.replace("--tag slipway", f"--tag {tag}"))
    finally:
        docker("image", "rm", tag)
