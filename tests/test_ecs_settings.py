"""docs/ecs-settings.md has every setting of the resolved template."""

import re
from typing import Any

import pytest

from ecs.template import resolve
from tests.support.resolved import DEMO, SERVICE, SETS, flat, properties, service
from tests.support.serving import ROOT

PAGE = (ROOT / "docs/ecs-settings.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.*?)\|$", re.MULTILINE)
RESOURCES = sorted(SECTIONS.keys() - {"Alarms"})
WITH = {"tls": "TLS", "spot": "Spot"}
GIVEN = {*DEMO.values(), "us-east-1", "vpc-1", '["subnet-1", "subnet-2"]'}


def documented(section: str, parameters: str) -> dict[str, str]:
    """The values of a section's table for one set of parameters."""
    rows = {name: cell for name, cell, _ in ROW.findall(SECTIONS[section])}
    values = {name: re.findall(r"`([^`]*)`", cell)[0] for name, cell in rows.items()}
    for name, cell in rows.items():
        for other, value in re.findall(r"with (\w+) `([^`]*)`", cell):
            if other == WITH.get(parameters):
                values[name] = value
    return values


@pytest.mark.parametrize("section", RESOURCES)
@pytest.mark.parametrize("parameters", SETS)
def test_each_row_is_what_the_template_says(section: str, parameters: str) -> None:
    resources = resolve(SERVICE, SETS[parameters])["Resources"]
    actual = dict(flat(resources.get(section, {}).get("Properties", {})))
    wanted = documented(section, parameters)
    assert wanted
    assert {name: actual.get(name, "–") for name in wanted} == wanted


@pytest.mark.parametrize("section", sorted({*RESOURCES} - {"HttpListener", "HttpsListener"}))
def test_no_setting_is_left_out(section: str) -> None:
    """But what somebody gives, and what only names another resource or the stack."""
    actual = flat(service()[section]["Properties"])
    own = {
        name for name, value in actual if value not in GIVEN and not re.search("<|slipway-", value)
    }
    assert own <= documented(section, "demo").keys()


def test_no_resource_with_settings_of_the_service_is_left_out() -> None:
    assert {"LoadBalancer", "TargetGroup", "TaskDefinition", "Service"} <= {*RESOURCES}


def test_each_alarm_stands_with_its_threshold() -> None:
    rows = {name: (when, meaning) for name, when, meaning in ROW.findall(SECTIONS["Alarms"])}
    resources: dict[str, Any] = service()
    alarms = {
        name: one["Properties"]
        for name, one in resources.items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert rows.keys() == alarms.keys()
    for name, alarm in alarms.items():
        when, _ = rows[name]
        periods = str(alarm["EvaluationPeriods"])
        points = str(alarm.get("DatapointsToAlarm", periods))
        assert f"{points} of {periods} minutes" in when or points == periods
        if alarm["Threshold"] > 1:
            assert re.search(rf"\b{alarm['Threshold']}\b", when)
    [one] = properties(resources, "ECS::Service")
    rolls_back = "ECS rolls a deployment back"
    rolling = {name for name, (_, meaning) in rows.items() if rolls_back in meaning}
    assert {f"<{name}>" for name in rolling} == {
        *one["DeploymentConfiguration"]["Alarms"]["AlarmNames"]
    }
