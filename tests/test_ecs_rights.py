"""Neither tasks nor GitHub may do more than needed, nor anybody else in their name."""

import json
from pathlib import Path

import cfnlint
import pytest

from ecs.template import load, resolve
from tests.support.permissions import BOOTSTRAP, DEPLOYED, SECRET, allowed, listed
from tests.support.resolved import DEMO, properties, service

# Which resources each action of AWS can be limited to: the data that cfn-lint's own rules use.
ACTIONS = json.loads(
    (Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text()
)


def can_be_limited(action: str) -> bool:
    service, name = action.split(":")
    return bool(ACTIONS[service]["Actions"][name.lower()].get("Resources"))


def test_no_action_is_a_pattern_and_every_one_exists() -> None:
    statements = allowed(BOOTSTRAP) + allowed(DEPLOYED)
    actions = {action for statement in statements for action in listed(statement["Action"])}
    assert len(actions) > 100
    for action in actions:
        service, name = action.split(":")
        assert "*" not in action
        assert name.lower() in ACTIONS[service]["Actions"], action


def test_every_statement_names_its_resources_if_aws_supports_it() -> None:
    for statement in allowed(BOOTSTRAP) + allowed(DEPLOYED):
        if "*" in listed(statement["Resource"]):
            limited = {one for one in listed(statement["Action"]) if can_be_limited(one)}
            assert limited <= {"ecs:ListTasks"}  # to instances, which Fargate has none of
            assert not limited or "ecs:cluster" in str(statement["Condition"])


@pytest.mark.parametrize("role", ["ExecutionRole", "TaskRole"])
def test_only_tasks_of_this_account_and_region_take_their_roles(role: str) -> None:
    [trust] = DEPLOYED[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:123456789012:*"},
    }


def test_every_trust_policy_has_a_condition_on_account_or_subject() -> None:
    roles = properties(BOOTSTRAP, "IAM::Role") + properties(DEPLOYED, "IAM::Role")
    assert len(roles) == 4
    for role in roles:
        for trust in role["AssumeRolePolicyDocument"]["Statement"]:
            assert any(word in str(trust["Condition"]) for word in ("aws:SourceAccount", ":sub"))


def test_only_one_environment_of_one_repository_may_deploy() -> None:
    [trust] = BOOTSTRAP["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    github = "token.actions.githubusercontent.com"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{github}:aud": "sts.amazonaws.com",
            f"{github}:sub": "repo:me/mine:environment:production",
        }
    }
    alone = resolve(load("bootstrap.yaml"), {})
    assert not {"DeployRole", "GitHubProvider"} & alone["Resources"].keys()
    assert "DeployRoleArn" not in alone["Outputs"]


def test_a_provider_that_the_account_has_is_not_made_again() -> None:
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    given = {"GitHubRepository": "me/mine", "GitHubOidcProviderArn": arn}
    resources = resolve(load("bootstrap.yaml"), given)["Resources"]
    assert "GitHubProvider" not in resources
    [trust] = resources["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Federated": arn}


def test_a_task_may_do_nothing_and_with_a_model_on_s3_read_just_its_prefix() -> None:
    assert allowed(service(), "TaskRole") == []
    [statement] = allowed(DEPLOYED, "TaskRole")
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"] == "arn:aws:s3:::bucket/models/1/*"


def test_a_start_may_pull_one_repository_write_one_log_and_read_one_secret() -> None:
    rights = {
        action: statement["Resource"]
        for statement in allowed(DEPLOYED, "ExecutionRole")
        for action in listed(statement["Action"])
    }
    repository = "arn:aws:ecr:us-east-1:123456789012:repository/slipway"
    assert rights == {
        "ecr:GetAuthorizationToken": "*",
        "ecr:BatchCheckLayerAvailability": repository,
        "ecr:BatchGetImage": repository,
        "ecr:GetDownloadUrlForLayer": repository,
        "logs:CreateLogStream": "<LogGroup.Arn>",
        "logs:PutLogEvents": "<LogGroup.Arn>",
        "secretsmanager:GetSecretValue": SECRET,
    }
    assert SECRET not in str(allowed(service(), "ExecutionRole"))


def test_an_image_of_another_account_and_region_is_pulled_from_there() -> None:
    image = DEMO["ImageUri"].replace("123456789012", "999999999999").replace("us-east", "eu-west")
    assert "arn:aws:ecr:eu-west-1:999999999999:repository/slipway" in str(
        allowed(service(ImageUri=image), "ExecutionRole")
    )


def test_images_are_kept_unchanged_and_long_enough_to_roll_back_to() -> None:
    repository = BOOTSTRAP["Repository"]
    assert repository["DeletionPolicy"] == "RetainExceptOnCreate"
    assert repository["UpdateReplacePolicy"] == "Retain"
    assert repository["Properties"]["ImageTagMutability"] == "IMMUTABLE"
    assert repository["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": True}
    rules = json.loads(repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    kept = [rule["selection"] for rule in rules]
    assert [(one["tagStatus"], one["countNumber"]) for one in kept] == [
        ("untagged", 1),
        ("any", 50),
    ]
