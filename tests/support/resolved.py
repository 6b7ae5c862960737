"""service.yaml and network.yaml, resolved for typical parameters, and flattened."""

import json
from collections.abc import Iterator
from typing import Any

from ecs.template import load, resolve

DIGEST = "sha256:" + 64 * "a"
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/slipway@{DIGEST}"
DEMO = {
    "ImageUri": IMAGE,
    "VpcId": "vpc-1",
    "PublicSubnetIds": "subnet-1,subnet-2",
    "TaskSubnetIds": "subnet-1,subnet-2",
    "AssignPublicIp": "ENABLED",
}
TLS = {
    **DEMO,
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
    "DomainName": "model.example.com",
    "HostedZoneId": "Z1",
    "DeletionProtection": "true",
}
SPOT = {**DEMO, "SpotWeight": 3}
OWN_VPC = {
    **DEMO,
    "VpcId": "vpc-of-mine",
    "PublicSubnetIds": "subnet-a,subnet-b,subnet-c",
    "TaskSubnetIds": "subnet-x,subnet-y,subnet-z",
    "AssignPublicIp": "DISABLED",
}
SETS: dict[str, dict[str, Any]] = {"demo": DEMO, "tls": TLS, "spot": SPOT, "own vpc": OWN_VPC}
SERVICE = load("service.yaml")
NAMES = ("Key", "Name", "CapacityProvider")  # keys that identify the elements of a list
UNNAMED = {  # their parts have names of their own
    *("ContainerDefinitions", "ListenerAttributes", "LoadBalancerAttributes"),
    *("TargetGroupAttributes", "TargetTrackingScalingPolicyConfiguration"),
}


def service(**parameters: Any) -> dict[str, Any]:
    """The resources of the template, with these parameters changed."""
    return dict(resolve(SERVICE, {**DEMO, **parameters})["Resources"])


def properties(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The properties of all resources of a kind, like ECS::Service."""
    return [one["Properties"] for one in resources.values() if one["Type"] == f"AWS::{kind}"]


def container(resources: dict[str, Any]) -> dict[str, Any]:
    """The only container of the task."""
    [found] = resources["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    return dict(found)


def attributes(resources: dict[str, Any], name: str) -> dict[str, str]:
    """The attributes of the load balancer or of the target group by their keys."""
    [listed] = [
        value for key, value in resources[name]["Properties"].items() if key.endswith("Attributes")
    ]
    return {one["Key"]: one["Value"] for one in listed}


def flat(part: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every setting with its dotted path, and its value as text."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from flat(value, path if key in UNNAMED else f"{path}.{key}".lstrip("."))
    elif isinstance(part, list) and any(isinstance(one, dict) for one in part):
        for one in part:
            name = next((one[key] for key in NAMES if key in one), None)
            rest = {key: value for key, value in one.items() if value != name}
            inside = rest["Value"] if rest.keys() == {"Value"} else rest
            yield from flat(inside, path if name is None else f"{path}.{name}".lstrip("."))
    else:
        yield path, part if isinstance(part, str) else json.dumps(part)
