"""`ecs/deploy` against moto: what it makes, what it skips, and what it says when that fails.

What moto cannot do is named in cloud.py. Images are put into ECR by its API here; test_image.py
builds one.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ecs import inputs, stacks
from ecs.commands import deploy
from tests.deploying.cloud import REPOSITORY, Cloud

Said = pytest.CaptureFixture[str]


def again(cloud: Cloud, artifact: Path, *arguments: str, image: str = "") -> int:
    return deploy.main(["--image", image, "--artifact", str(artifact), *arguments])


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
    assert '/predict answers {"class": [' in said
    assert "there is no image before this one to go back to" in said


def test_another_image_changes_nothing_else_and_says_how_to_go_back(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    second = bootstrapped.push("second")
    assert again(bootstrapped, artifact, "--region", "eu-west-1", image=second) == 0
    [request] = bootstrapped.requests
    assert bootstrapped.changes[0]["ImageUri"] == f"{REPOSITORY}@{second}"
    assert {"MinTasks", "Size", "VpcId", "PublicSubnetIds"} <= request["kept"]
    assert request["type"] == "UPDATE"
    assert ":role/" in request["role"]
    said = capsys.readouterr().out
    assert (
        f"to go back: ecs/rollback --environment production --region eu-west-1 {deployed}" in said
    )


def test_a_second_run_has_nothing_to_do_and_succeeds(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    assert again(bootstrapped, artifact, image=deployed) == 0
    said = capsys.readouterr().out
    assert "nothing to do: slipway-production is as it should be" in said
    assert "/predict answers" in said
    assert bootstrapped.stack().status == "CREATE_COMPLETE"


def test_parameters_change_without_an_image(
    bootstrapped: Cloud, deployed: str, artifact: Path
) -> None:
    arguments = ["--keep-image", "--artifact", str(artifact), "--set", "MaxTasks=20"]
    assert deploy.main(arguments) == 0
    assert bootstrapped.changes[0]["MaxTasks"] == "20"
    assert bootstrapped.changes[0]["ImageUri"] == f"{REPOSITORY}@{deployed}"


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
    assert again(bootstrapped, artifact, *own, image=digest) == 64
    assert "also needs --set TaskSubnetIds=" in capsys.readouterr().err
    assert again(bootstrapped, artifact, *own, "--set", f"TaskSubnetIds={ids}", image=digest) == 0
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
    assert again(bootstrapped, artifact, image=other) == 64
    assert "is for linux/amd64, but the tasks are linux/arm64" in capsys.readouterr().err
    assert bootstrapped.changes == []
    arguments = ("--set", "Architecture=X86_64")
    assert again(bootstrapped, artifact, *arguments, image=other) == 0


def test_an_update_that_was_rolled_back_fails_and_says_all_one_would_dig_for(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    def fail(stack: Any) -> str:
        stack._add_stack_event("UPDATE_FAILED", "ECS Deployment Circuit Breaker was triggered")
        stack.events[-1].logical_resource_id = "Service"
        stack._add_stack_event("UPDATE_FAILED", "Resource update cancelled")
        [service] = bootstrapped.services()
        service.events.append(
            {"id": "1", "createdAt": datetime.now(UTC), "message": "(service x) has begun draining"}
        )
        bootstrapped.stopped.append(stopped_task(stack.name))
        log_crash(bootstrapped, "0123456789abcdef")
        return "UPDATE_ROLLBACK_COMPLETE"

    bootstrapped.then = fail
    assert again(bootstrapped, artifact, image=bootstrapped.push("bad")) == 1
    said = capsys.readouterr()
    assert "UPDATE_FAILED                Service" in said.err
    assert "Circuit Breaker was triggered" in said.err
    assert "update cancelled" not in said.err
    assert "has begun draining" in said.err
    assert "Essential container in task exited" in said.err
    assert "container app: exit code 65" in said.err
    assert "slipway: the artifact is damaged" in said.err
    last = said.err.splitlines()[-1]
    assert last == "slipway: slipway-production was not deployed: UPDATE_ROLLBACK_COMPLETE"
    assert "/predict" not in said.out


def stopped_task(cluster: str) -> dict[str, Any]:
    return {
        "taskArn": f"arn:aws:ecs:eu-west-1:123456789012:task/{cluster}/0123456789abcdef",
        "createdAt": 1_700_000_000,
        "stoppedAt": 1_700_000_100,
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "app", "exitCode": 65}, {"name": "other"}],
    }


def log_crash(cloud: Cloud, task: str) -> None:
    logs, group = cloud.client("logs"), "/ecs/slipway-production"
    for stream, line in (
        ("app/app/other", "fine"),
        (f"app/app/{task}", "slipway: the artifact is damaged"),
    ):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": line}],
        )


def test_a_rollback_by_ecs_fails_although_the_stack_is_content(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    def content(stack: Any) -> str:
        before = bootstrapped.services()[0].task_definition
        bootstrapped.run_image(stack, bootstrapped.changes[-1]["ImageUri"])
        bootstrapped.serve(before)
        return "UPDATE_COMPLETE"

    bootstrapped.then = content
    assert again(bootstrapped, artifact, image=bootstrapped.push("bad")) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told == (
        "slipway: the deployment was rolled back: ECS runs slipway-production:1, not "
        "slipway-production:2"
    )


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED"])
def test_a_stack_that_never_came_to_be_is_made_anew_after_saying_so(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said, status: str
) -> None:
    dead = bootstrapped.stack()
    dead.status = status
    assert again(bootstrapped, artifact, image=deployed) == 0
    said = capsys.readouterr().out
    assert f"never came to be ({status}): deleting it, to make it anew" in said
    assert dead.status == "DELETE_COMPLETE"
    assert bootstrapped.stack().status == "CREATE_COMPLETE"


def test_a_first_deploy_that_fails_is_told(
    bootstrapped: Cloud, artifact: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.cloudformation.models import Stack

    def fail(self: Any) -> None:
        self._add_stack_event("CREATE_FAILED", "Your account has no more load balancers")
        self.status = "ROLLBACK_COMPLETE"
        self._add_stack_event("ROLLBACK_COMPLETE")

    foundations = deploy.main(["--image", "no digest"])  # the network is made before
    assert foundations == 64
    monkeypatch.setattr(Stack, "create_resources", fail)
    assert again(bootstrapped, artifact, image=bootstrapped.push("first")) == 1
    said = capsys.readouterr().err
    assert "Your account has no more load balancers" in said
    assert said.endswith("slipway-production was not deployed: ROLLBACK_COMPLETE\n")


def test_an_interrupted_deploy_is_waited_for_by_the_next(
    bootstrapped: Cloud,
    deployed: str,
    artifact: Path,
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def linger(stack: Any) -> str:
        return "UPDATE_IN_PROGRESS"

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    second = bootstrapped.push("second")
    bootstrapped.then = linger
    monkeypatch.setattr(stacks.time, "sleep", interrupt)
    assert again(bootstrapped, artifact, image=second) == 130
    assert "The same command again waits" in capsys.readouterr().err

    def end(seconds: float) -> None:
        stack = bootstrapped.stack()
        bootstrapped.run_image(stack, f"{REPOSITORY}@{second}")
        stack.resource_map.resolved_parameters["ImageUri"] = f"{REPOSITORY}@{second}"
        stack.status = "UPDATE_COMPLETE"

    monkeypatch.setattr(stacks.time, "sleep", end)
    assert again(bootstrapped, artifact, image=second) == 0
    said = capsys.readouterr().out
    assert "slipway-production is busy (UPDATE_IN_PROGRESS): waiting" in said
    assert "nothing to do" in said


def test_a_service_that_answers_otherwise_than_its_artifact_fails(
    bootstrapped: Cloud, deployed: str, own_artifact: Path, edit_manifest: Any, capsys: Said
) -> None:
    edit_manifest(lambda content: content["golden"]["outputs"]["class"].__setitem__(0, 7.0))
    assert again(bootstrapped, own_artifact, image=deployed) == 1
    assert "the artifact says otherwise: ['class']" in capsys.readouterr().err


def test_what_is_asked_wrongly_is_refused_before_anything_is_asked_of_aws(capsys: Said) -> None:
    for arguments, complaint in (
        (["--set", "MaxTask=3"], "no template has a parameter MaxTask; did you mean MaxTasks?"),
        (["--environment", "Pro duction"], "is no name for an environment"),
        (["--environment", "network"], "is another stack"),
    ):
        assert deploy.main([*arguments, "--image", "sha256:0"]) == 64
        assert complaint in capsys.readouterr().err


def test_templates_fit_into_a_request() -> None:
    for name in inputs.TEMPLATES:
        assert len(inputs.text(name).encode()) < 51_200
