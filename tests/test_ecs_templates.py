"""The templates are what CloudFormation takes, and refuse what would only fail later."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ecs.template import FOLDER, PSEUDO, ParameterError, load, resolve
from tests.support.resolved import (
    DEMO,
    DIGEST,
    IMAGE,
    SERVICE,
    SETS,
    TLS,
    container,
    properties,
    service,
)

SIZES: dict[str, dict[str, Any]] = SERVICE["Mappings"]["Sizes"]
ARNS = {
    **PSEUDO,
    "ExecutionRole.Arn": "arn:aws:iam::123456789012:role/start",
    "TaskRole.Arn": "arn:aws:iam::123456789012:role/serve",
    "LogGroup": "/ecs/slipway",
}


def test_cfn_lint_finds_nothing_in_the_templates_nor_in_a_task_of_any_size(tmp_path: Path) -> None:
    """It does not look through parameters, so each size is written out for it."""
    tasks = {}
    for size in SIZES:
        model = {"ModelUri": "s3://bucket/model/", "ModelSha256": 64 * "0"}
        resources = resolve(SERVICE, {**DEMO, **model, "Size": size}, ARNS)["Resources"]
        tasks[size.title()] = {
            key: resources["TaskDefinition"][key] for key in ("Type", "Properties")
        }
    written = tmp_path / "sizes.json"
    written.write_text(json.dumps({"Resources": tasks}))
    templates = [str(path) for path in sorted(FOLDER.glob("*.yaml"))]
    assert len(templates) == 4
    command = Path(sys.executable).parent / "cfn-lint"
    linted = subprocess.run(
        [command, "--regions", "us-east-1", "eu-central-1", "--", *templates, str(written)],
        stdin=subprocess.DEVNULL,  # cfn-lint looks at it, and pytest's may be closed
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"},
    )
    assert (linted.stdout, linted.returncode) == ("", 0), linted.stdout + linted.stderr


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"ImageUri": IMAGE.replace(f"@{DIGEST}", ":latest")}, "ImageUri"),
        ({"ImageUri": "slipway@" + DIGEST}, "ImageUri"),
        ({"Size": "huge"}, "Size"),
        ({"MinTasks": 0}, "MinTasks"),
        ({"ApiKeysSecretArn": "my-keys"}, "ApiKeysSecretArn"),
        ({"ModelUri": "s3://bucket/prefix", "ModelSha256": 64 * "0"}, "ModelUri"),
        ({"ModelUri": "s3://bucket/*/", "ModelSha256": 64 * "0"}, "ModelUri"),
        ({"ModelUri": "s3://bucket/prefix/"}, "needs ModelSha256"),
        ({"CertificateArn": TLS["CertificateArn"]}, "needs DomainName"),
    ],
)
def test_what_would_fail_later_is_refused_at_once(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        service(**changed)


@pytest.mark.parametrize("name", ["bootstrap", "network"])
def test_github_may_not_deploy_the_stacks_beneath_the_service(name: str) -> None:
    with pytest.raises(ParameterError, match="stacks of their own"):
        resolve(load("bootstrap.yaml"), {"GitHubEnvironment": name})


def test_everything_but_the_place_has_a_default() -> None:
    declared = SERVICE["Parameters"]
    assert {name for name, one in declared.items() if "Default" not in one} == {
        *("ImageUri", "VpcId", "PublicSubnetIds", "TaskSubnetIds")
    }
    assert all(one.get("Description") for one in declared.values())


@pytest.mark.parametrize("size", SIZES)
def test_a_size_has_a_worker_for_each_vcpu_and_at_least_one(size: str) -> None:
    resources = service(Size=size)
    cpu = int(resources["TaskDefinition"]["Properties"]["Cpu"])
    environment = {one["Name"]: one["Value"] for one in container(resources)["Environment"]}
    assert environment["WEB_CONCURRENCY"] == str(max(1, cpu // 1024))
    [requests] = [
        policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        for policy in properties(resources, "ApplicationAutoScaling::ScalingPolicy")
        if "requests" in policy["PolicyName"]
    ]
    assert requests == 60 * 1000 * cpu / 1024


@pytest.mark.parametrize("size", SIZES)
def test_a_size_leaves_most_of_its_memory_beside_a_model_from_s3(size: str) -> None:
    assert SIZES[size]["Tmpfs"] == int(SIZES[size]["Memory"]) / 4


@pytest.mark.parametrize("parameters", SETS)
def test_the_commands_find_all_they_need_in_the_outputs(parameters: str) -> None:
    outputs = resolve(SERVICE, SETS[parameters])["Outputs"]
    url = "https://model.example.com" if parameters == "tls" else "http://<LoadBalancer.DNSName>"
    assert outputs["Url"]["Value"] == url
    assert outputs.keys() >= {
        *("ClusterName", "ServiceName", "LogGroupName", "TargetGroupArn", "LoadBalancerArn"),
        *("TaskDefinitionArn", "DashboardUrl"),
    }


def test_the_dashboard_is_json_that_shows_the_metrics_of_the_alarms() -> None:
    [dashboard] = properties(service(), "CloudWatch::Dashboard")
    shown = json.dumps(json.loads(dashboard["DashboardBody"]))
    for alarm in properties(service(), "CloudWatch::Alarm"):
        name = alarm.get("MetricName", "HTTPCode_Target_4XX_Count")
        assert name in shown or name.endswith("out-of-memory") or name == "UnHealthyHostCount"
