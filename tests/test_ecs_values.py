"""The templates have values that AWS knows, where cfn-lint accepts any text."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.elbv2.ssl_policies import SSL_POLICIES

from ecs.template import resolve
from tests.support import aws_models
from tests.support.resolved import SERVICE, SETS, properties

LAST = {"forward", "redirect", "fixed-response"}  # an action that ends a rule
KINDS = ("LoadBalancer", "TargetGroup", "Listener")


def faults(resources: dict[str, Any]) -> Iterator[str]:
    """Each value that AWS would refuse."""
    for kind in KINDS:
        known = aws_models.attributes(kind)
        for one in properties(resources, f"ElasticLoadBalancingV2::{kind}"):
            for given in one.get(f"{kind}Attributes", ()):
                key, value = given["Key"], given["Value"]
                if key not in known:
                    yield f"{kind} has no attribute {key}"
                elif known[key] and value not in known[key]:
                    yield f"{key} cannot be {value}"
    for one in properties(resources, "ElasticLoadBalancingV2::Listener"):
        policy = one.get("SslPolicy")
        if policy is not None and policy not in SSL_POLICIES:
            yield f"there is no policy {policy}"
        if (policy is None) != (one["Protocol"] == "HTTP"):
            yield f"a listener of {one['Protocol']} with the policy {policy}"
        yield from wrong_actions(one["DefaultActions"])
    for one in properties(resources, "ECS::Service"):
        yield from wrong_deployment(one["DeploymentConfiguration"])


def wrong_actions(actions: list[dict[str, Any]]) -> Iterator[str]:
    kinds = [one["Type"] for one in sorted(actions, key=lambda one: one.get("Order", 1))]
    known = aws_models.enumeration("elbv2", "ActionTypeEnum")
    yield from (f"there is no action {kind}" for kind in kinds if kind not in known)
    if kinds[-1] not in LAST or any(kind in LAST for kind in kinds[:-1]):
        yield f"the actions {kinds} do not end with one that responds"


def wrong_deployment(given: dict[str, Any]) -> Iterator[str]:
    strategy = given.get("Strategy", "ROLLING")
    if strategy not in aws_models.enumeration("ecs", "DeploymentStrategy"):
        yield f"there is no strategy {strategy}"
    breaker = given.get("DeploymentCircuitBreaker", {}).get("Enable")
    if breaker and strategy != "ROLLING":
        yield f"the circuit breaker is for rolling deployments, not for {strategy}"


@pytest.mark.parametrize("parameters", SETS)
def test_aws_knows_every_value(parameters: str) -> None:
    assert list(faults(resolve(SERVICE, SETS[parameters])["Resources"])) == []


def test_values_that_cfn_lint_accepts_are_found() -> None:
    resources = resolve(SERVICE, SETS["tls"])["Resources"]
    balancer = resources["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    balancer.append({"Key": "nope.nope", "Value": "true"})
    [mode] = [one for one in balancer if one["Key"] == "routing.http.desync_mitigation_mode"]
    mode["Value"] = "strict"
    listener = resources["HttpsListener"]["Properties"]
    listener["SslPolicy"] = "No-Such-Policy"
    listener["DefaultActions"] = [{"Type": "authenticate-oidc"}]
    service = resources["Service"]["Properties"]["DeploymentConfiguration"]
    service["Strategy"] = "CANARY"
    assert list(faults(resources)) == [
        "routing.http.desync_mitigation_mode cannot be strict",
        "LoadBalancer has no attribute nope.nope",
        "there is no policy No-Such-Policy",
        "the actions ['authenticate-oidc'] do not end with one that responds",
        "the circuit breaker is for rolling deployments, not for CANARY",
    ]


def test_new_members_of_awss_apis_are_read_when_botocore_is_renewed() -> None:
    recorded = json.loads(aws_models.RECORDED.read_text())
    now = aws_models.members()
    news = {
        f"{service}.{shape}": (sorted({*listed} - {*old}), sorted({*old} - {*listed}))
        for service, shapes in now.items()
        for shape, listed in shapes.items()
        if listed != (old := recorded.get(service, {}).get(shape, []))
    }
    assert news == {}, (
        "AWS's APIs have news, as (new, gone): read what they are for, use what helps, and write "
        "them down: python -m tests.support.aws_models"
    )
