"""Three tasks behind the load balancer are replaced by three others: no request notices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.model.artifact import read_manifest
from tests.faults.balanced import Balanced, balanced
from tests.faults.conftest import Report
from tests.support.bad_bodies import EXAMPLE
from tests.support.compose import with_artifact
from tests.support.containers import docker, inspect, output
from tests.support.load import post, steady
from tests.support.serving import wait_until
from training.sensor_example import data
from training.sensor_example.fit import fit

RATE = 100  # requests per second


@pytest.fixture(scope="module")
def running(image: str) -> Iterator[Balanced]:
    """Three containers behind the load balancer; each test replaces those that it finds."""
    with balanced(image) as running:
        yield running


@pytest.fixture
def next_version(tmp_path: Path, deregister_first: bool) -> Path:
    """Another model of the same kind, from a half of the readings: each test has its own."""
    header, *lines = data.DEFAULT.read_text().splitlines(keepends=True)
    half = lines[::2] if deregister_first else lines[1::2]
    (tmp_path / "half.csv").write_text("".join([header, *half]))
    fit(tmp_path / "half.csv", tmp_path / "model", report=False)
    return tmp_path / "model"


def replace_all(running: Balanced, artifact: Path, deregister_first: bool) -> list[int]:
    """Start three of the next version, then stop the old ones; their exit codes."""
    old = running.own.replicas()
    running.add(3, with_artifact(artifact))
    if deregister_first:
        for container in old:
            running.deregister(container)
    output(docker("stop", "--time", "60", *old, seconds=90))
    codes = [inspect("container", container)["State"]["ExitCode"] for container in old]
    output(docker("rm", *old))  # or compose would start them when more are wanted
    return codes


@pytest.mark.parametrize("deregister_first", [True, False], ids=["deregistered first", "SIGTERM"])
def test_a_rolling_update_loses_no_request(
    running: Balanced, next_version: Path, report: Report, deregister_first: bool
) -> None:
    with steady(running.address, post(EXAMPLE.decode()), RATE) as load:
        wait_until(lambda: load.count(200) > RATE, "requests to be answered")
        codes = replace_all(running, next_version, deregister_first)
        seen = load.versions.total()
        wait_until(lambda: load.versions.total() > seen + RATE, "the new ones to answer")
    [old, new] = load.versions
    order = (
        "deregistered, then SIGTERM" if deregister_first else "SIGTERM before the balancer knows"
    )
    report(
        f"rolling update of three containers behind HAProxy, {order}",
        "no failed request, exit codes 0, each answer names one version",
        f"{load.count(200)} answered with 200, {load.count(503)} with 503, {load.errors} failed; "
        f"exit codes {sorted(set(codes))}",
    )
    assert load.errors == 0
    assert load.statuses == {200}
    assert codes == [0, 0, 0]
    assert load.versions.total() == load.count(200)
    assert new == read_manifest(next_version).version != old
