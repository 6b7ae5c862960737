"""Numbers that the templates share with the server, the image, compose and the settings."""

from dataclasses import fields
from typing import Any

import pytest
from flask import Flask

from ecs.template import resolve
from service import healthcheck as probe
from service.settings import Settings
from tests.support.resolved import SERVICE, SETS, attributes, container, properties
from tests.test_agreement import API, DOCKERFILE, GUNICORN, GUNICORNS_OWN, found, seconds

GRACEFUL: int = GUNICORN["graceful_timeout"]


@pytest.fixture(params=SETS)
def resources(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The resources of each set of parameters."""
    return dict(resolve(SERVICE, SETS[request.param])["Resources"])


@pytest.fixture
def target(resources: dict[str, Any]) -> dict[str, Any]:
    """What the load balancer forwards to."""
    return dict(resources["TargetGroup"]["Properties"])


def environment(resources: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in container(resources)["Environment"]}


def test_one_port_from_the_load_balancer_to_gunicorn(
    resources: dict[str, Any], target: dict[str, Any]
) -> None:
    [running] = properties(resources, "ECS::Service")
    [mapped] = container(resources)["PortMappings"]
    ports = {target["Port"], mapped["ContainerPort"], running["LoadBalancers"][0]["ContainerPort"]}
    assert ports == {probe.PORT}
    assert GUNICORN["bind"][0] == f"0.0.0.0:{probe.PORT}"
    assert running["LoadBalancers"][0]["ContainerName"] == container(resources)["Name"]


def test_both_health_checks_request_routes_of_the_app(
    app: Flask, resources: dict[str, Any], target: dict[str, Any]
) -> None:
    asked = app.test_client().get(target["HealthCheckPath"])
    assert str(asked.status_code) == target["Matcher"]["HttpCode"]
    assert container(resources)["HealthCheck"]["Command"][0] == "CMD"
    inside = str(container(resources)["HealthCheck"]["Command"][1:]).replace("'", '"')
    assert f"CMD {inside}" in DOCKERFILE


def test_gunicorn_keeps_connections_longer_than_the_load_balancer(
    resources: dict[str, Any],
) -> None:
    idle = int(attributes(resources, "LoadBalancer")["idle_timeout.timeout_seconds"])
    assert idle < GUNICORN["keepalive"]


def test_a_task_is_out_of_the_load_balancer_only_after_its_slowest_request(
    resources: dict[str, Any],
) -> None:
    delay = int(attributes(resources, "TargetGroup")["deregistration_delay.timeout_seconds"])
    assert delay >= Settings().body_seconds + Settings().deadline_seconds


def test_a_stop_has_time_to_drain_and_to_finish(resources: dict[str, Any]) -> None:
    drain = int(environment(resources)["SERVICE_DRAIN_SECONDS"])
    assert drain + GRACEFUL + 5 < container(resources)["StopTimeout"] <= 120


def test_on_spot_the_load_balancer_notices_before_a_draining_task_stops() -> None:
    resources = resolve(SERVICE, SETS["spot"])["Resources"]
    target = resources["TargetGroup"]["Properties"]
    notices = target["HealthCheckIntervalSeconds"] * (target["UnhealthyThresholdCount"] + 1)
    assert notices < int(environment(resources)["SERVICE_DRAIN_SECONDS"])


def test_both_grace_periods_are_longer_than_the_slowest_start(resources: dict[str, Any]) -> None:
    [running] = properties(resources, "ECS::Service")
    check = container(resources)["HealthCheck"]
    assert running["HealthCheckGracePeriodSeconds"] >= 2 * Settings().fetch_seconds
    assert check["StartPeriod"] >= 2 * Settings().fetch_seconds
    assert check["Timeout"] < check["Interval"]


def test_every_environment_name_in_the_template_is_a_setting() -> None:
    settings = {f"SERVICE_{field.name.upper()}" for field in fields(Settings)}
    given = {"ModelUri": "s3://bucket/model/", "ModelSha256": 64 * "0"}
    resources = resolve(SERVICE, {**SETS["demo"], **given})["Resources"]
    assert environment(resources).keys() <= settings | GUNICORNS_OWN


def test_image_compose_and_task_are_closed_alike(resources: dict[str, Any]) -> None:
    task = container(resources)
    [user] = found(r"^USER (\S+)$", DOCKERFILE)
    assert task["User"] == user
    assert task["ReadonlyRootFilesystem"] == API["read_only"]
    assert task["LinuxParameters"]["Capabilities"]["Drop"] == API["cap_drop"]
    [tmpfs] = task["LinuxParameters"]["Tmpfs"]
    options = ",".join([f"size={tmpfs['Size']}m", *tmpfs["MountOptions"]])
    assert API["tmpfs"] == [f"{tmpfs['ContainerPath']}:{options}"]


def test_compose_waits_for_a_stop_as_long_as_ecs() -> None:
    resources = resolve(SERVICE, SETS["demo"])["Resources"]
    assert seconds(API["stop_grace_period"]) == container(resources)["StopTimeout"]


def test_what_restarting_cannot_cure_is_not_restarted(resources: dict[str, Any]) -> None:
    """README: 65 and 66 are the artifact's, 78 is a setting's; 69 may pass by itself."""
    assert container(resources)["RestartPolicy"]["IgnoredExitCodes"] == [65, 66, 78]
