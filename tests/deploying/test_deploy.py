"""`ecs/deploy` against moto: what it creates, what it skips, and its output if that fails.

What moto cannot do is named in cloud.py. Images are put into ECR by its API here; test_image.py
builds one.
"""

from pathlib import Path

import pytest

from ecs import inputs
from ecs.commands import deploy
from tests.deploying.cloud import REPOSITORY, Cloud, again

Said = pytest.CaptureFixture[str]


def test_an_empty_account_gets_all_it_needs_in_one_go(
    bootstrapped: Cloud, artifact: Path, capsys: Said
) -> None:
    digest = bootstrapped.push("first")
    assert deploy.main(["--image", digest, "--artifact", str(artifact)]) == 0
    said = capsys.readouterr().out
    for name in ("slipway-bootstrap", "slipway-network", "slipway-production"):
        assert bootstrapped.stack(name).status == "CREATE_COMPLETE"
    parameters = bootstrapped.stack().stack_parameters
    assert parameters["ImageUri"] == f"{REPOSITORY}@{digest}"
    assert parameters["VpcId"] == bootstrapped.stack("slipway-network").output_map["VpcId"].value
    assert ":policy/" in parameters["RoleBoundaryArn"]
    assert ":role/" in bootstrapped.stack().role_arn
    assert "CREATE_COMPLETE" in said  # stack events
    assert '/predict responds with {"class": [' in said
    assert "there is no earlier image to roll back to" in said


def test_another_image_changes_nothing_else_and_the_rollback_is_printed(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    second = bootstrapped.push("second")
    assert again(artifact, "--region", "eu-west-1", image=second) == 0
    [request] = bootstrapped.requests
    assert bootstrapped.changes[0]["ImageUri"] == f"{REPOSITORY}@{second}"
    assert {"MinTasks", "Size", "VpcId", "PublicSubnetIds"} <= request["kept"]
    assert request["type"] == "UPDATE"
    assert ":role/" in request["role"]
    said = capsys.readouterr().out
    back = f"slipway rollback --environment production --region eu-west-1 {deployed}"
    assert f"to roll back: {back}" in said


def test_a_second_run_has_nothing_to_do_and_succeeds(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    assert again(artifact, image=deployed) == 0
    said = capsys.readouterr().out
    assert "nothing to do: slipway-production is up to date" in said
    assert "/predict responds with" in said
    assert bootstrapped.stack().status == "CREATE_COMPLETE"


def test_parameters_change_without_an_image(
    bootstrapped: Cloud, deployed: str, artifact: Path
) -> None:
    arguments = ["--keep-image", "--artifact", str(artifact), "--set", "MaxTasks=20"]
    assert deploy.main(arguments) == 0
    assert bootstrapped.changes[0]["MaxTasks"] == "20"
    assert bootstrapped.changes[0]["ImageUri"] == f"{REPOSITORY}@{deployed}"


def test_without_a_service_there_is_no_image_to_keep(bootstrapped: Cloud, capsys: Said) -> None:
    assert deploy.main(["--keep-image"]) == 64
    assert "slipway-production has no image to keep yet" in capsys.readouterr().err
    stacks = bootstrapped.client("cloudformation").describe_stacks()["Stacks"]
    assert [one["StackName"] for one in stacks] == ["slipway-bootstrap"]


def test_ones_own_network_is_used_and_none_is_made(
    bootstrapped: Cloud, artifact: Path, capsys: Said
) -> None:
    ec2 = bootstrapped.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"eu-west-1{z}")
        for i, z in enumerate("ab")
    ]
    ids = ",".join(one["Subnet"]["SubnetId"] for one in made)
    digest = bootstrapped.push("first")
    own = ("--set", f"VpcId={vpc}", "--set", f"PublicSubnetIds={ids}")
    assert again(artifact, *own, image=digest) == 64
    assert "also requires --set TaskSubnetIds=" in capsys.readouterr().err
    assert again(artifact, *own, "--set", f"TaskSubnetIds={ids}", image=digest) == 0
    assert bootstrapped.stack().stack_parameters["VpcId"] == vpc
    names = [
        one["StackName"]
        for one in bootstrapped.client("cloudformation").describe_stacks()["Stacks"]
    ]
    assert "slipway-network" not in names


def test_an_image_for_the_other_platform_is_refused_before_anything_changes(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    other = bootstrapped.push("other", "amd64")
    assert again(artifact, image=other) == 64
    assert "is for linux/amd64, but the tasks are linux/arm64" in capsys.readouterr().err
    assert bootstrapped.changes == []
    arguments = ("--set", "Architecture=X86_64")
    assert again(artifact, *arguments, image=other) == 0


def test_wrong_arguments_are_refused_before_a_request_to_aws(capsys: Said) -> None:
    for arguments, complaint in (
        (["--set", "MaxTask=3"], "no template has a parameter MaxTask; did you mean MaxTasks?"),
        (["--environment", "Pro duction"], "is not a valid environment name"),
        (["--environment", "network"], "is another stack"),
    ):
        assert deploy.main([*arguments, "--image", "sha256:0"]) == 64
        assert complaint in capsys.readouterr().err


def test_templates_fit_into_a_request() -> None:
    for name in inputs.TEMPLATES:
        assert len(inputs.template_body(name).encode()) < 51_200


def test_a_network_that_is_in_use_is_not_changed_under_its_users(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    demo = ("--environment", "demo", "--set")
    assert again(artifact, *demo, "Egress=public", image=deployed) == 64
    message = "slipway: slipway-network has Egress=nat, and slipway-production runs in it, so it "
    assert capsys.readouterr().err.startswith(f"{message}cannot change to Egress=public")
    assert bootstrapped.changes == []
    assert again(artifact, *demo, "Egress=nat", image=deployed) == 0
