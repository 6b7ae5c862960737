"""The commands of docs/operations.md, run as a stranger would, in a fresh checkout."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.containers import another_image_name, docker, require_engine
from tests.support.serving import ROOT, Server, free_port, wait_until
from tests.support.stranger import commands, foreground, run

pytestmark = pytest.mark.slow

BALANCED, PROVE, PROVE_IMAGE, KEY, METRICS = commands((ROOT / "docs/operations.md").read_text())


DOWN = ("--profile", "balanced", "down", "--timeout", "5")


def is_ready(server: Server) -> bool:
    try:
        return server.request("GET", "/health").status == 200
    except OSError:
        return False


def test_a_key_is_made(checkout: Path) -> None:
    run(checkout, "make .venv/serving")
    assert "digest, for SERVICE_API_KEYS" in run(checkout, KEY)


def test_metrics_are_shown_on_a_laptop(checkout: Path) -> None:
    port, metrics_port = free_port(), free_port()
    command = METRICS.replace("9464", str(metrics_port))
    with foreground(checkout, command, port, os.killpg) as server:
        assert "slipway_rows_total" in replace(server, metrics_port=metrics_port).metrics()


@pytest.mark.container
def test_a_load_balancer_spreads_requests_over_three(checkout: Path) -> None:
    require_engine()
    port, balanced = free_port(), free_port()
    with another_image_name(checkout):
        try:
            command = f"BALANCED_PORT={balanced} {BALANCED}"
            with foreground(checkout, command, port, os.kill) as server:
                behind = replace(server, port=balanced)
                wait_until(lambda: is_ready(behind), "the load balancer")
                for _ in range(30):
                    answer = behind.predict(EXAMPLE)
                    assert (answer.status, answer.body) == (200, ANSWER)
                assert behind.request("GET", "/metrics").status == 404
                log = server.log.read_text()
        finally:
            docker("compose", "--project-name", f"slipway-test-{port}", *DOWN, seconds=120)
    asked = set(re.findall(r"(api-\d) +\|.*/predict", log))
    assert asked == {"api-1", "api-2", "api-3"}


def test_an_artifact_is_proved_by_the_commands_of_other_tests() -> None:
    """tests/test_prove.py runs the first, tests/test_container.py the second."""
    assert PROVE == ".venv/bin/slipway prove artifacts/mine"
    assert PROVE_IMAGE == "docker run --rm slipway slipway prove"
