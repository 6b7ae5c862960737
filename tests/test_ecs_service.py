"""The service on ECS: deployments, scaling, alarms, and the configuration of the task."""

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import gunicorn.arbiter
import pytest
from flask.testing import FlaskClient

from ecs.template import resolve
from tests.support.permissions import SECRET
from tests.support.resolved import DEMO, SERVICE, SETS, container, properties, service


def alarms(**parameters: Any) -> dict[str, dict[str, Any]]:
    return {
        name: one["Properties"]
        for name, one in service(**parameters).items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }


def policy(name: str, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = service(**parameters)[name]["Properties"]
    return dict(found["TargetTrackingScalingPolicyConfiguration"])


@pytest.mark.parametrize("parameters", SETS)
def test_a_deploy_is_judged_by_alarms_that_do_not_wait_for_the_service(parameters: str) -> None:
    """They look at the load balancer and the log, which are there before the service."""
    resources = resolve(SERVICE, SETS[parameters])["Resources"]
    [running] = properties(resources, "ECS::Service")
    names = [
        name.strip("<>") for name in running["DeploymentConfiguration"]["Alarms"]["AlarmNames"]
    ]
    assert len(names) == 2
    for name in names:
        alarm = resources[name]["Properties"]
        assert "<Service" not in str(alarm)
        assert alarm["TreatMissingData"] == "notBreaching"  # a service without traffic is no fault


def test_overload_rolls_no_deploy_back() -> None:
    """503 and 504 are in the target group's count of 5xx, which therefore is not among them."""
    [running] = properties(service(), "ECS::Service")
    rolling = running["DeploymentConfiguration"]["Alarms"]["AlarmNames"]
    assert "HTTPCode_Target_5XX_Count" in str(alarms()["Target5xxAlarm"])
    assert rolling == ["<FaultsAlarm>", "<Elb5xxAlarm>"]
    pattern = service()["FaultsFilter"]["Properties"]["FilterPattern"]
    assert "$.status != 501" in pattern  # a client can cause it
    assert "$.status != 503" in pattern
    assert "$.status != 504" in pattern


def test_what_the_log_is_searched_for_is_what_is_written(
    client: FlaskClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    client.get("/model")
    [written] = lines()
    for found in properties(service(), "Logs::MetricFilter"):
        assert found["LogGroupName"] == "<LogGroup>"
        for field in re.findall(r"\$\.(\w+)", found["FilterPattern"]):
            assert field in written
    assert written["message"] == "request"
    phrase = service()["OutOfMemoryFilter"]["Properties"]["FilterPattern"].strip('"')
    assert phrase in inspect.getsource(gunicorn.arbiter)


def test_each_filter_feeds_the_alarm_or_the_dashboard_that_shows_it() -> None:
    shown = json.dumps(properties(service(), "CloudWatch::Dashboard")) + json.dumps(alarms())
    for found in properties(service(), "Logs::MetricFilter"):
        [metric] = found["MetricTransformations"]
        assert metric["MetricNamespace"] == "Slipway"
        assert metric["MetricName"] in shown


def test_every_alarm_notifies_when_it_begins_and_when_it_ends() -> None:
    assert len(alarms()) == 8
    for alarm in alarms().values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["<AlarmTopic>"]
        assert len(alarm["AlarmDescription"]) > 50
    [topic] = properties(service(AlarmEmail="me@example.com"), "SNS::Topic")
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "me@example.com"}]
    assert alarms(MinTasks=3)["TasksAlarm"]["Threshold"] == 3
    # The service begins with one task. An alarm that rolls deployments back must not warm up: each
    # update would begin that again.
    warm = {name for name, one in alarms().items() if "WarmUpConfiguration" in one}
    assert warm == {"TasksAlarm"}
    assert alarms(LatencyAlarmSeconds="0.2")["LatencyAlarm"]["Threshold"] == 0.2


def test_scaling_can_be_slower_and_by_another_rate() -> None:
    metric = policy("CpuScaling", FastScaling="false")["PredefinedMetricSpecification"]
    assert metric == {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    [running] = properties(service(FastScaling="false"), "ECS::Service")
    assert "Monitoring" not in running
    assert policy("RequestScaling", RequestsPerMinutePerTask=900)["TargetValue"] == 900


def test_office_hours_raise_the_fewest_tasks_and_let_go_of_them() -> None:
    assert "ScheduledActions" not in service()["ScalableTarget"]["Properties"]
    hours = {"OfficeHoursMinTasks": 6, "OfficeHoursTimeZone": "Europe/Berlin"}
    begin, end = service(**hours)["ScalableTarget"]["Properties"]["ScheduledActions"]
    assert begin["ScalableTargetAction"] == {"MinCapacity": 6, "MaxCapacity": 10}
    assert end["ScalableTargetAction"] == {"MinCapacity": 2, "MaxCapacity": 10}
    assert begin["Schedule"] != end["Schedule"]
    assert begin["Timezone"] == end["Timezone"] == "Europe/Berlin"


def test_keys_are_read_from_the_secret_and_are_not_in_the_task_definition() -> None:
    assert "Secrets" not in container(service())
    keyed = container(service(ApiKeysSecretArn=SECRET))
    assert keyed["Secrets"] == [{"Name": "SERVICE_API_KEYS", "ValueFrom": SECRET}]
    assert "SERVICE_API_KEYS" not in str(keyed["Environment"])


def test_a_model_on_s3_has_its_digest_and_more_memory() -> None:
    given = {"ModelUri": "s3://bucket/models/1/", "ModelSha256": 64 * "0"}
    added = container(service(**given))
    environment = {one["Name"]: one["Value"] for one in added["Environment"]}
    assert environment["SERVICE_MODEL"] == given["ModelUri"]
    assert environment["SERVICE_MODEL_SHA256"] == given["ModelSha256"]
    [tmpfs] = added["LinuxParameters"]["Tmpfs"]
    assert (tmpfs["ContainerPath"], tmpfs["Size"]) == ("/tmp", 512)  # noqa: S108
    assert "SERVICE_MODEL" not in str(container(service()))


def test_more_settings_are_one_variable() -> None:
    more = "SERVICE_PROTOCOLS=oip,mlflow SERVICE_MAX_ROWS=100"
    found = container(service(Settings=more))["Environment"]
    assert {"Name": "SERVICE_SETTINGS", "Value": more} in found
    assert "SERVICE_SETTINGS" not in str(container(service()))
    pattern = SERVICE["Parameters"]["Settings"]["AllowedPattern"]
    for text, fits in ((more, True), ("", True), ("MAX_ROWS=1", False), (f"{more} x", False)):
        assert bool(re.fullmatch(pattern, text)) == fits


def test_only_what_is_above_the_fewest_tasks_is_on_spot() -> None:
    [running] = properties(service(SpotWeight=3, MinTasks=4), "ECS::Service")
    assert running["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Base": 4, "Weight": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
    ]


def test_an_x86_image_can_be_served() -> None:
    task = service(Architecture="X86_64")["TaskDefinition"]["Properties"]
    assert task["RuntimePlatform"]["CpuArchitecture"] == "X86_64"
    assert container(service())["Image"] == DEMO["ImageUri"]
