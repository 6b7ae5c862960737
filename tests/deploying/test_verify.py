"""`ecs/verify` against moto: what it finds before there is a service, and after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecs import containers
from ecs.commands import verify
from tests.deploying.cloud import Cloud

Said = pytest.CaptureFixture[str]
CERTIFICATE = "arn:aws:acm:{}:123456789012:certificate/12345678-1234-1234-1234-123456789012"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that builds for both, and a checkout as committed: test_image.py tries the real."""
    monkeypatch.setattr(containers, "supports", lambda platform: True)
    monkeypatch.setattr(containers, "changed_files", lambda: [])


def found(capsys: Said) -> dict[str, list[tuple[str, str]]]:
    """What was results, as mark and text, by what was looked at."""
    lines: dict[str, list[tuple[str, str]]] = {}
    for line in capsys.readouterr().out.splitlines():
        mark, _, rest = line.partition(" ")
        if mark in ("ok", "WRONG", "?"):
            what, _, results = rest.strip().partition(" ")
            lines.setdefault(what, []).append((mark, results.strip()))
    return lines


def test_an_empty_account_is_fine(cloud: Cloud, capsys: Said) -> None:
    assert verify.main([]) == 0
    results = found(capsys)
    assert results.keys() == {"credentials", "engine", "checkout", "quota"}
    assert results["quota"] == [
        ("ok", "1000 vCPUs on Fargate; MaxTasks requires 10"),  # 10 tasks of 1 vCPU
        ("ok", "1000 load balancers; 0 exist"),
    ]


def test_too_small_a_quota_is_wrong(cloud: Cloud, capsys: Said) -> None:
    cloud.vcpus = 6.0
    assert verify.main(["--set", "Size=medium", "--set", "MaxTasks=4"]) == 1
    wrong = ("WRONG", "6 vCPUs on Fargate; MaxTasks requires 8")
    assert found(capsys)["quota"][0] == wrong


def test_what_cannot_be_seen_is_unknown_not_wrong(cloud: Cloud, capsys: Said) -> None:
    cloud.vcpus = None
    assert verify.main([]) == 0
    assert found(capsys)["quota"] == [("?", "unknown: AccessDeniedException for GetServiceQuota")]


def subnets(cloud: Cloud, zones: str) -> tuple[str, str]:
    client = cloud.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ids = [
        client.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"eu-west-1{zone}"
        )["Subnet"]["SubnetId"]
        for i, zone in enumerate(zones)
    ]
    return vpc, ",".join(ids)


def test_subnets_are_looked_at(cloud: Cloud, capsys: Said) -> None:
    vpc, ids = subnets(cloud, "ab")
    _, one_zone = subnets(cloud, "aa")
    given = ["--set", f"VpcId={vpc}", "--set", f"PublicSubnetIds={ids}"]
    assert verify.main([*given, "--set", f"TaskSubnetIds={ids}"]) == 1
    results = found(capsys)["subnets"]
    assert results[:2] == [
        ("ok", "PublicSubnetIds: 2 in eu-west-1a, eu-west-1b"),
        ("ok", "TaskSubnetIds: 2 in eu-west-1a, eu-west-1b"),
    ]
    assert [mark for mark, text in results[2:] if "no route to an internet gateway" in text] == [
        "WRONG",
        "WRONG",
    ]
    assert verify.main([*given, "--set", f"TaskSubnetIds={one_zone}"]) == 1
    assert f"is not in {vpc}" in found(capsys)["subnets"][1][1]
    assert verify.main([*given, "--set", "TaskSubnetIds=subnet-00000000"]) == 1


def test_subnets_with_a_way_out_are_fine(bootstrapped: Cloud, deployed: str, capsys: Said) -> None:
    outputs = bootstrapped.stack("slipway-network").output_map
    client = bootstrapped.client("ec2")
    [public] = [  # moto leaves out associations that a template asks for
        table["RouteTableId"]
        for table in client.describe_route_tables()["RouteTables"]
        if any(route.get("GatewayId", "").startswith("igw-") for route in table["Routes"])
    ]
    for subnet in outputs["PublicSubnetIds"].value.split(","):
        client.associate_route_table(RouteTableId=public, SubnetId=subnet)
    given = [f"{name}={outputs[name].value}" for name in ("PublicSubnetIds", "TaskSubnetIds")]
    verify.main(["--set", given[0], "--set", given[1]])
    assert [results for mark, results in found(capsys)["subnets"] if mark != "ok"] == []


def test_certificate_and_secret_are_looked_at(
    cloud: Cloud, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = cloud.client("secretsmanager")
    arn = secrets.create_secret(Name="slipway/keys", SecretString="0" * 64)["ARN"]
    elsewhere = CERTIFICATE.format("us-east-1")
    given = ["--set", f"ApiKeysSecretArn={arn}", "--set", f"CertificateArn={elsewhere}"]
    assert verify.main(given) == 1
    results = found(capsys)
    assert results["secret"] == [("ok", "slipway/keys exists")]
    wanted = "it is in us-east-1; the load balancer requires one in eu-west-1"
    assert results["certificate"] == [("WRONG", wanted)]

    secrets.delete_secret(SecretId=arn)
    requested = cloud.client("acm").request_certificate(DomainName="api.example.com")
    given[3] = f"CertificateArn={requested['CertificateArn']}"
    assert verify.main(given) == 1
    results = found(capsys)
    assert results["secret"] == [("WRONG", "slipway/keys is scheduled for deletion")]
    assert results["certificate"][0][0] == "WRONG"
    assert "PENDING_VALIDATION" in results["certificate"][0][1]


def run_and_heal(cloud: Cloud) -> None:
    """Let the service have its tasks; moto runs none for Fargate."""
    service = cloud.service()
    service.desired_count = service.running_count = 1
    [group] = cloud.client("elbv2").describe_target_groups()["TargetGroups"]
    cloud.client("elbv2").register_targets(
        TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": "10.20.0.9", "Port": 8080}]
    )


def test_a_service_as_it_should_be_is_fine(
    bootstrapped: Cloud, deployed: str, capsys: Said
) -> None:
    run_and_heal(bootstrapped)
    verify.main([])
    results = found(capsys)
    assert results["image"] == [("ok", f"{deployed} is for linux/arm64")]
    assert results["service"] == [("ok", "runs slipway-production:1")]
    assert results["tasks"] == [("ok", "1 of 1 run")]
    assert results["targets"] == [("ok", "1 of 1 are healthy behind the load balancer")]
    assert results["template"][0][0] == "ok"


def test_what_differs_from_the_template_is_reported(
    bootstrapped: Cloud, deployed: str, capsys: Said
) -> None:
    run_and_heal(bootstrapped)
    difference = {
        "PropertyPath": "/HealthCheckPath",
        "ExpectedValue": "/health",
        "ActualValue": "/",
        "DifferenceType": "NOT_EQUAL",
    }
    scaled = {**difference, "PropertyPath": "/DesiredCount"}
    bootstrapped.drifts = [
        drift("TargetGroup", "MODIFIED", [difference]),
        drift("Service", "MODIFIED", [scaled]),
        drift("Tasks5xx", "DELETED", []),
    ]
    assert verify.main([]) == 1
    assert found(capsys)["template"] == [
        ("WRONG", "TargetGroup: /HealthCheckPath is /, not /health"),
        ("WRONG", "Tasks5xx: it was deleted"),
    ]


def drift(name: str, status: str, properties: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "StackId": "1",
        "LogicalResourceId": name,
        "ResourceType": "AWS::Any::Thing",
        "StackResourceDriftStatus": status,
        "Timestamp": datetime.now(UTC) - timedelta(seconds=1),
        "PropertyDifferences": properties,
    }


def test_a_service_without_tasks_is_wrong(bootstrapped: Cloud, deployed: str, capsys: Said) -> None:
    assert verify.main([]) == 1
    assert found(capsys)["tasks"][0][0] == "WRONG"
