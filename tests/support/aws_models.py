"""What botocore's models of AWS's APIs list: keys and values of attributes, and members of shapes.

`python -m tests.support.aws_models` writes the members that exist today to aws_members.json, after
somebody has read the new ones.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session

RECORDED = Path(__file__).with_name("aws_members.json")
# Shapes to which the templates, or the commands in ecs/, give values, or that these read.
SHAPES = {
    "ecs": (
        "ContainerDefinition",
        "CreateServiceRequest",
        "DeploymentAlarms",
        "DeploymentCircuitBreaker",
        "DeploymentConfiguration",
        "HealthCheck",
        "RegisterTaskDefinitionRequest",
        "ServiceDeployment",
        "Task",
        "TaskStopCode",
    ),
    "elbv2": (
        "Action",
        "ActionTypeEnum",
        "CreateListenerInput",
        "CreateLoadBalancerInput",
        "CreateTargetGroupInput",
        "LoadBalancerAttribute",
        "TargetGroupAttribute",
        "ListenerAttribute",
    ),
    "cloudwatch": ("PutMetricAlarmInput",),
    "application-autoscaling": (
        "PutScalingPolicyRequest",
        "TargetTrackingScalingPolicyConfiguration",
    ),
    "ecr": ("ImageDetail", "CreateRepositoryRequest"),
}
BULLET = re.compile(r"<li>\s*<p>\s*<code>([a-z0-9_.]+)</code>(.*?)</li>", re.DOTALL)
VALUES = re.compile(r"(?:possible values are|value is) (<code>.*?)\.(?:\s|</p>|$)", re.DOTALL)


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def attributes(kind: str) -> dict[str, set[str]]:
    """The keys of attributes of `LoadBalancer`, `TargetGroup` or `Listener`, with their values.

    The model lists them in the documentation of the key. No values means that any is allowed.
    """
    text = _model("elbv2").shape_for(f"{kind}Attribute").members["Key"].documentation
    found = {}
    for key, rest in BULLET.findall(text):
        listed = VALUES.search(rest)
        closed = listed is not None and "integer" not in listed[1]
        found[key] = (
            set(re.findall(r"<code>(.*?)</code>", listed[1])) if listed and closed else set()
        )
    return found


def enumeration(service: str, shape: str) -> list[str]:
    """The values of an enumeration."""
    return list(_model(service).shape_for(shape).enum)


def members() -> dict[str, dict[str, list[str]]]:
    """By service and shape, the members, the values of an enumeration, or the keys."""
    found: dict[str, dict[str, list[str]]] = {}
    for service, names in SHAPES.items():
        for name in names:
            shape = _model(service).shape_for(name)
            listed = getattr(shape, "enum", None) or shape.members
            if name.endswith("Attribute"):
                listed = attributes(name.removesuffix("Attribute"))
            found.setdefault(service, {})[name] = sorted(listed)
    return found


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(members(), indent=2) + "\n")
