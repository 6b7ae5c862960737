"""CloudFormation may do for our stacks what it must, and no more."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from ecs.template import load, resolve
from tests.support.permissions import (
    BOOTSTRAP,
    DEPLOYED,
    EVERYTHING,
    SECRET,
    allowed,
    listed,
    policies,
)
from tests.support.resolved import SERVICE, properties

# Of what CloudFormation's handlers may call, what only serves features that are not used here.
UNUSED_SERVICES = {
    *("amplify", "appsync", "apigateway", "apprunner", "bedrock-agentcore", "cognito-idp"),
    *("firehose", "kms", "lambda", "payments", "s3tables"),
}
UNUSED = (
    *("cloudwatch:GetMetricData", "ec2:*VerifiedAccess*", "ec2:DescribeIpamPools"),
    *("ecs:PutAccountSetting*", "elasticloadbalancing:Modify*Pools"),
    *("elasticloadbalancing:ModifyCapacityReservation", "elasticloadbalancing:*gisterTargets"),
    *("iam:*tachRolePolicy", "iam:DeleteRolePermissionsBoundary", "wafv2:*PermissionPolicy"),
    *("logs:*DataProtectionPolicy", "logs:*LogDelivery", "logs:*sociateKmsKey"),
    *("logs:PutBearer*", "logs:*ResourcePolicy", "logs:PutIndexPolicy", "logs:DeleteIndexPolicy"),
    *("logs:PutLogGroupDeletionProtection", "sns:PutDataProtectionPolicy"),
    # A bucket has a policy, tags, encryption, a lifecycle and an owner, and is never deleted.
    *("s3:DeleteBucket", "s3:DeleteBucket[!P]*", "s3:DeleteObject", "s3:*Acl", "s3:PutBucketAbac"),
    *("s3:Put*Replication*", "s3:PutA*Configuration", "s3:Put*Inventory*", "s3:Put*Metrics*"),
    *("s3:Put*Tiering*", "s3:Put*ObjectLock*", "s3:*Metadata*TableConfiguration"),
    *("s3:PutBucketCORS", "s3:PutBucketLogging", "s3:PutBucketNotification"),
    *("s3:PutBucketVersioning", "s3:PutBucketWebsite", "s3:REST.PUT.OBJECT"),
)


def test_cloudformation_makes_no_role_beyond_the_boundary_and_changes_none_of_bootstrap() -> None:
    [rights] = [policy for name, policy in policies(BOOTSTRAP) if name == "CloudFormationRole"]
    by_name = {one["Sid"]: one for one in rights["Statement"]}
    within = by_name["RolesWithinBoundary"]
    assert within["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": "<RoleBoundary>"}}
    guarded = {"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"}
    for statement in allowed(BOOTSTRAP):
        assert statement is within or not guarded & {*listed(statement["Action"])}
    assert by_name["NotOurOwn"]["Effect"] == "Deny"
    for role in properties(DEPLOYED, "IAM::Role"):
        assert role["PermissionsBoundary"] == EVERYTHING["RoleBoundaryArn"]


# Names that CloudFormation fills in, as they are in an account.
FILLED = {
    "<LogGroup.Arn>": "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/slipway-production:*",
    "<Repository.Arn>": "arn:aws:ecr:us-east-1:123456789012:repository/slipway",
}


def rights(resources: dict[str, Any], role: str) -> list[tuple[str, str]]:
    """Pairs of an action and the resource that it is allowed on."""
    return [
        (action, FILLED.get(resource, resource))
        for one in allowed(resources, role)
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    ]


def within(boundary: list[tuple[str, str]], action: str, resource: str) -> bool:
    return any(action == one and fnmatchcase(resource, to) for one, to in boundary)


def test_what_roles_of_tasks_may_do_lies_within_the_boundary() -> None:
    boundary = rights(BOOTSTRAP, "RoleBoundary")
    needed = rights(DEPLOYED, "*Role")
    assert {action for action, _ in needed} == {action for action, _ in boundary}
    assert [one for one in needed if not within(boundary, *one)] == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:GetSecretValue", SECRET.replace("keys-", "passwords-")),
        ("secretsmanager:GetSecretValue", SECRET.replace("keys-", "keys-of-others-")),
        ("secretsmanager:GetSecretValue", SECRET.replace("us-east-1", "eu-west-1")),
        ("s3:GetObject", "arn:aws:s3:::bucket/rows/1.csv"),
        ("s3:GetObject", "arn:aws:s3:::bucket/models-of-others/1"),
        ("s3:GetObject", "arn:aws:s3:::other/models/1/manifest.json"),
    ],
)
def test_the_boundary_allows_one_secret_and_one_folder(action: str, resource: str) -> None:
    assert not within(rights(BOOTSTRAP, "RoleBoundary"), action, resource)


def test_a_boundary_without_models_allows_nothing_on_s3_and_the_documented_secret() -> None:
    alone = rights(resolve(load("bootstrap.yaml"), {})["Resources"], "RoleBoundary")
    assert not [action for action, _ in alone if action.startswith("s3:")]
    documented = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slipway/keys-AbCdEf"
    assert within(alone, "secretsmanager:GetSecretValue", documented)


def test_cloudformation_may_do_what_its_handlers_of_our_resources_do() -> None:
    may = {
        action.lower()
        for one in allowed(BOOTSTRAP, "CloudFormationRole")
        for action in listed(one["Action"])
    }
    for kind in {one["Type"] for one in SERVICE["Resources"].values()}:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        for verb in ("create", "read", "update", "delete"):
            called = schema.get("handlers", {}).get(verb, {}).get("permissions", [])
            missing = {
                one
                for one in called
                if one.lower() not in may
                and one.split(":")[0] not in UNUSED_SERVICES
                and not any(fnmatchcase(one, unused) for unused in UNUSED)
            }
            assert not missing, (kind, verb)


def test_policies_are_within_the_limit_of_iam() -> None:
    for name, policy in [*policies(BOOTSTRAP), *policies(DEPLOYED)]:
        length = len(json.dumps(policy, separators=(",", ":")))
        assert length < (6144 if name == "RoleBoundary" else 10240)
