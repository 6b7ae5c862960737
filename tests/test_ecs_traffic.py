"""Who may reach what: the load balancer from outside, the tasks only through it, metrics never."""

from typing import Any

import pytest

from ecs.template import load, resolve
from service.settings import Settings
from tests.support.resolved import DEMO, SERVICE, SETS, attributes, properties, service
from tests.support.serving import ROOT

WEB = "<LoadBalancerSecurityGroup.GroupId>"
TASKS = "<TaskSecurityGroup.GroupId>"


def rules(found: Any) -> set[tuple[int, int, str]]:
    """Ports and the other side of each rule."""
    sides = ("CidrIp", "SourceSecurityGroupId", "DestinationSecurityGroupId")
    assert all(one["IpProtocol"] == "tcp" and one["Description"] for one in found)
    return {
        (one["FromPort"], one["ToPort"], next(one[side] for side in sides if side in one))
        for one in found
    }


@pytest.mark.parametrize("parameters", SETS)
def test_only_the_load_balancer_reaches_the_tasks_and_nothing_else(parameters: str) -> None:
    resources = resolve(SERVICE, SETS[parameters])["Resources"]
    web = resources["LoadBalancerSecurityGroup"]["Properties"]
    tasks = resources["TaskSecurityGroup"]["Properties"]
    outside = {80, 443} if parameters == "tls" else {80}
    assert rules(web["SecurityGroupIngress"]) == {(port, port, "0.0.0.0/0") for port in outside}
    assert rules(web["SecurityGroupEgress"]) == {(8080, 8080, TASKS)}
    assert "SecurityGroupIngress" not in tasks
    ingress = properties(resources, "EC2::SecurityGroupIngress")
    assert rules(ingress) == {(8080, 8080, WEB)}
    assert [one["GroupId"] for one in ingress] == [TASKS]
    assert rules(tasks["SecurityGroupEgress"]) == {(443, 443, "0.0.0.0/0")}
    [running] = properties(resources, "ECS::Service")
    assert running["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"] == [TASKS]


@pytest.mark.parametrize("parameters", SETS)
def test_the_port_of_the_metrics_stands_nowhere(parameters: str) -> None:
    resolved = resolve(SERVICE, SETS[parameters])
    assert str(Settings().metrics_port) not in str(resolved)
    assert str(Settings().metrics_port) in (ROOT / "gunicorn.conf.py").read_text()


def test_who_may_reach_the_load_balancer_can_be_narrowed() -> None:
    resources = service(AllowedCidr="192.0.2.0/24")
    web = resources["LoadBalancerSecurityGroup"]["Properties"]
    assert rules(web["SecurityGroupIngress"]) == {(80, 80, "192.0.2.0/24")}


def test_with_a_certificate_all_traffic_uses_tls_and_the_dns_name_is_created() -> None:
    resources = resolve(SERVICE, SETS["tls"])["Resources"]
    [action] = resources["HttpListener"]["Properties"]["DefaultActions"]
    assert action["RedirectConfig"] == {
        "Protocol": "HTTPS",
        "Port": "443",
        "StatusCode": "HTTP_301",
    }
    https = resources["HttpsListener"]["Properties"]
    assert https["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": "<TargetGroup>"}]
    [record] = properties(resources, "Route53::RecordSet")
    assert (record["Name"], record["HostedZoneId"]) == ("model.example.com", "Z1")
    assert "DomainRecord" not in service(**{**SETS["tls"], "HostedZoneId": ""})


@pytest.mark.parametrize(("parameters", "listener"), [("demo", "Http"), ("tls", "Https")])
def test_the_service_waits_for_the_listener_that_has_its_target_group(
    parameters: str, listener: str
) -> None:
    [running] = properties(resolve(SERVICE, SETS[parameters])["Resources"], "ECS::Service")
    assert {"Key": "listener", "Value": f"<{listener}Listener>"} in running["Tags"]


def test_requests_are_logged_to_a_private_bucket_for_30_days() -> None:
    resources = service()
    [bucket] = properties(resources, "S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule] == [30]
    assert resources["AccessLogsBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
    balancer = resources["LoadBalancer"]["Properties"]
    assert attributes(resources, "LoadBalancer")["access_logs.s3.bucket"] == "<AccessLogsBucket>"
    assert {"Key": "logs", "Value": "<AccessLogsPolicy>"} in balancer["Tags"]  # it waits for it


def test_without_access_logs_there_is_no_bucket() -> None:
    resources = service(AccessLogs="false")
    assert not {"AccessLogsBucket", "AccessLogsPolicy"} & resources.keys()
    found = attributes(resources, "LoadBalancer")
    assert found["access_logs.s3.enabled"] == "false"
    assert "access_logs.s3.bucket" not in found


def test_a_firewall_is_made_if_wanted_and_lets_large_bodies_through() -> None:
    assert "Firewall" not in service()
    resources = service(RateLimit=2000)
    [firewall] = properties(resources, "WAFv2::WebACL")
    rate, common = firewall["Rules"]
    assert rate["Statement"]["RateBasedStatement"] == {"AggregateKeyType": "IP", "Limit": 2000}
    assert rate["Action"] == {"Block": {}}
    [group] = [common["Statement"]["ManagedRuleGroupStatement"]]
    counted = {
        one["Name"] for one in group["RuleActionOverrides"] if one["ActionToUse"] == {"Count": {}}
    }
    assert "SizeRestrictions_BODY" in counted
    [joined] = properties(resources, "WAFv2::WebACLAssociation")
    assert joined == {"ResourceArn": "<LoadBalancer>", "WebACLArn": "<Firewall.Arn>"}


@pytest.mark.parametrize(
    ("egress", "subnets", "address"),
    [
        ("nat", "Private", "DISABLED"),
        ("endpoints", "Private", "DISABLED"),
        ("public", "Public", "ENABLED"),
    ],
)
def test_the_network_gives_tasks_two_zones_and_one_way_to_ecr(
    egress: str, subnets: str, address: str
) -> None:
    resolved = resolve(load("network.yaml"), {"Egress": egress})
    outputs = {name: one["Value"] for name, one in resolved["Outputs"].items()}
    assert outputs["PublicSubnetIds"] == "<PublicSubnet1>,<PublicSubnet2>"
    assert outputs["TaskSubnetIds"] == f"<{subnets}Subnet1>,<{subnets}Subnet2>"
    assert outputs["AssignPublicIp"] == address
    resources = resolved["Resources"]
    zones = {one["AvailabilityZone"] for one in properties(resources, "EC2::Subnet")}
    assert zones == {"us-east-1a", "us-east-1b"}
    blocks = [one["CidrBlock"] for one in properties(resources, "EC2::Subnet")]
    assert len(blocks) == len(set(blocks)) == (2 if egress == "public" else 4)
    assert all(block.startswith("10.20.") and block.endswith("/24") for block in blocks)
    assert len(properties(resources, "EC2::NatGateway")) == (egress == "nat")
    endpoints = {
        one["ServiceName"].split(".", 3)[3]: one
        for one in properties(resources, "EC2::VPCEndpoint")
    }
    private = {"ecr.api", "ecr.dkr", "logs", "secretsmanager"} if egress == "endpoints" else set()
    assert endpoints.keys() == {"s3"} | private
    assert endpoints["s3"]["RouteTableIds"] == [f"<{subnets}Routes>"]
    for name in private:
        assert endpoints[name]["PrivateDnsEnabled"] is True
        assert endpoints[name]["SubnetIds"] == ["<PrivateSubnet1>", "<PrivateSubnet2>"]
    for group in properties(resources, "EC2::SecurityGroup"):
        assert rules(group["SecurityGroupIngress"]) == {(443, 443, "10.20.0.0/16")}


def test_the_tasks_run_in_the_given_network() -> None:
    [running] = properties(resolve(SERVICE, SETS["own vpc"])["Resources"], "ECS::Service")
    network = running["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["Subnets"] == ["subnet-x", "subnet-y", "subnet-z"]
    assert network["AssignPublicIp"] == "DISABLED" != DEMO["AssignPublicIp"]
