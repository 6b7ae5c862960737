"""Numbers that stand in several files and must agree."""

import re
import runpy
import tomllib
from dataclasses import fields
from typing import Any

import pytest
import yaml
from flask import Flask

from service import healthcheck as probe
from service.server import unsent
from service.settings import Settings
from tests.support.serving import ROOT

LOAD_BALANCER_IDLE = 60  # seconds; an ALB's default
SAGEMAKER_KILLS_AFTER = 30  # seconds, counted from SIGTERM
GUNICORN = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
API: dict[str, Any] = COMPOSE["services"]["slipway"]
BALANCED: dict[str, Any] = COMPOSE["services"]["api"]
HAPROXY = (ROOT / "haproxy.cfg").read_text()
GUNICORNS_OWN = {"WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "GUNICORN_CMD_ARGS"}


def found(pattern: str, text: str) -> list[Any]:
    return re.findall(pattern, text, re.MULTILINE)


def seconds(text: str) -> int:
    [number] = found(r"^(\d+)s$", text)
    return int(number)


def test_one_port_everywhere() -> None:
    assert GUNICORN["bind"][0] == f"0.0.0.0:{probe.PORT}"
    assert found(r"^EXPOSE (\d+)$", DOCKERFILE) == [str(probe.PORT)]
    assert API["ports"] == [f"${{PORT:-{probe.PORT}}}:{probe.PORT}"]
    assert f"PORT ?= {probe.PORT}" in (ROOT / "Makefile").read_text()


def test_the_limits_of_unread_answers_are_those_of_the_documentation() -> None:
    page = " ".join((ROOT / "docs/operations.md").read_text().split())
    assert f"reads nothing for {unsent.STALLED_SECONDS:g} s is disconnected" in page
    assert f"hold {unsent.MAX_UNSENT_BYTES // 2**20} MiB in a worker" in page
    piece = f"{unsent.PIECE_BYTES // 2**10} KiB"
    own = f"less than {piece} in {unsent.NEEDED_SECONDS:g} s is disconnected"
    assert own in page


def test_the_metrics_have_a_port_that_is_not_published() -> None:
    assert GUNICORN["bind"][1:] == [f"0.0.0.0:{Settings().metrics_port}"]
    assert str(Settings().metrics_port) not in str(API["ports"])


def test_the_container_asks_a_route_of_the_app(app: Flask) -> None:
    assert "service.healthcheck" in DOCKERFILE
    [asked] = found(r'request\("GET", "(.*)"\)', (ROOT / "service/healthcheck.py").read_text())
    assert asked in {rule.rule for rule in app.url_map.iter_rules()}


def test_replicas_behind_the_load_balancer_are_what_is_served_alone() -> None:
    own = ("ports", "environment", "profiles")
    alone = {key: value for key, value in API.items() if key not in own}
    assert alone == {key: value for key, value in BALANCED.items() if key not in own}
    assert BALANCED["profiles"] == ["balanced"]


def test_the_load_balancer_asks_a_route_of_the_app_and_tries_nothing_twice(app: Flask) -> None:
    [asked] = found(r"^ +http-check send meth GET uri (\S+) ", HAPROXY)
    assert asked in {rule.rule for rule in app.url_map.iter_rules()}
    assert found(r"^ +retries (\d+)$", HAPROXY) == ["0"]
    assert found(r"^ +server-template \S+ \d+ api:(\d+)$", HAPROXY) == [str(probe.PORT)]


def test_the_load_balancer_notices_before_a_draining_task_stops() -> None:
    [(interval, times)] = found(r"check inter (\d+)s .*fall (\d+) ", HAPROXY)
    assert int(interval) * (int(times) + 1) < Settings().drain_seconds


def test_kept_alive_connections_outlive_the_load_balancer_s_interest() -> None:
    assert GUNICORN["keepalive"] > LOAD_BALANCER_IDLE


def test_a_stop_has_time_for_requests_in_flight() -> None:
    stopping = Settings().drain_seconds + GUNICORN["graceful_timeout"]
    assert stopping + 5 < seconds(API["stop_grace_period"]) <= 120


def test_sagemaker_waits_long_enough_for_a_stop() -> None:
    assert Settings().drain_seconds + GUNICORN["graceful_timeout"] + 5 < SAGEMAKER_KILLS_AFTER


def test_a_model_that_is_not_loaded_is_reported_before_a_health_check_ends_the_task() -> None:
    [start_period] = found(r"--start-period=(\d+)s", DOCKERFILE)
    assert Settings().fetch_seconds < int(start_period)


def test_a_slow_body_is_answered_before_gunicorn_gives_it_up() -> None:
    [longest] = [
        setting.metadata["at_most"]
        for setting in fields(Settings)
        if setting.name == "body_seconds"
    ]
    assert Settings().body_seconds <= longest < GUNICORN["timeout"]


def test_workers_are_never_counted_from_the_host_s_processors() -> None:
    assert "workers" not in GUNICORN
    for path in [ROOT / "gunicorn.conf.py", *(ROOT / "service").rglob("*.py")]:
        assert not found(r"^[^#]*cpu_count\(\)", path.read_text())


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"])
def test_a_worker_computes_with_one_thread(name: str) -> None:
    assert f"{name}=1" in GUNICORN["raw_env"]


def test_a_read_only_root_is_enough() -> None:
    assert API["read_only"] is True
    assert GUNICORN["control_socket_disable"] is True
    assert GUNICORN["worker_tmp_dir"] == "/dev/shm"  # noqa: S108
    [user] = found(r"^USER (\S+)$", DOCKERFILE)
    assert int(user.split(":")[0]) > 0


def test_every_environment_name_in_compose_is_a_setting() -> None:
    settings = {f"SERVICE_{field.name.upper()}" for field in fields(Settings)}
    named = API.get("environment", {})
    names = named if isinstance(named, dict) else [line.split("=")[0] for line in named]
    assert set(names) <= settings | GUNICORNS_OWN


def test_one_newest_python_in_image_and_ci_and_one_oldest_everywhere() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    pythons = workflow["jobs"]["check"]["strategy"]["matrix"]["python"]
    images = set(found(r"^ARG PYTHON_IMAGE=python:(\d+\.\d+)-", DOCKERFILE))
    assert images == {pythons[-1]}
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["mypy"]["python_version"] == pythons[0]
    assert tools["ruff"]["target-version"] == "py" + pythons[0].replace(".", "")
    makefile = (ROOT / "Makefile").read_text()
    assert f"--python-version {pythons[0]}" in makefile
    assert f"({pythons[0].replace('.', ', ')})" in makefile


def test_every_stage_begins_with_the_one_base_image_that_can_be_pinned() -> None:
    stages = set(found(r" AS (\S+)$", DOCKERFILE))
    chosen = {"${MODEL}", "lock-${MODEL}", "${VARIANT}"}
    begun = set(found(r"^FROM (\S+)", DOCKERFILE)) - stages - chosen
    assert begun == {"${PYTHON_IMAGE}"}


def test_ci_runs_make_check_and_faults_and_asks_for_coverage() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    commands = {
        name: [step["run"] for step in job.get("steps", ()) if "run" in step]
        for name, job in workflow["jobs"].items()
    }
    *built, proved = commands.pop("arm64")
    assert commands == {"check": ["make check faults"], "coverage": ["make coverage"], "deploy": []}
    assert [line.split(" ARGS")[0] for line in built] == ["make test", "make image"]
    assert proved == "docker run --rm slipway slipway prove --rows 20000"
    assert (ROOT / ".ci/run").read_text().endswith("CI=true make check faults\n")


def test_actions_are_pinned_by_commit() -> None:
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        for action in found(r"uses: (\S+)", path.read_text()):
            assert action.startswith("./") or found(r"@[0-9a-f]{40}$", action)
