"""`ecs/deploy` when it fails, or failed before: its output and its exit code.

What moto cannot do is named in cloud.py. Images are put into ECR by its API here; test_image.py
builds one.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ecs import prerequisites, stacks
from ecs.account import open_account
from tests.deploying.cloud import Cloud, again

Said = pytest.CaptureFixture[str]


def test_an_update_that_was_rolled_back_fails_with_all_details(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    def fail(stack: Any) -> str:
        stack._add_stack_event("UPDATE_FAILED", "ECS Deployment Circuit Breaker was triggered")
        stack.events[-1].logical_resource_id = "Service"
        stack._add_stack_event("UPDATE_FAILED", "Resource update cancelled")
        service = bootstrapped.service()
        service.events.append(
            {"id": "1", "createdAt": datetime.now(UTC), "message": "(service x) has begun draining"}
        )
        bootstrapped.stopped.append(stopped_task(stack.name))
        log_crash(bootstrapped, "0123456789abcdef")
        return "UPDATE_ROLLBACK_COMPLETE"

    bootstrapped.then = fail
    assert again(artifact, image=bootstrapped.push("bad")) == 1
    said = capsys.readouterr()
    assert "UPDATE_FAILED                Service" in said.err
    assert "Circuit Breaker was triggered" in said.err
    assert "update cancelled" not in said.err
    assert "has begun draining" in said.err
    assert "Essential container in task exited (EssentialContainerExited)" in said.err
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
        "stopCode": "EssentialContainerExited",
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


CAUSES: dict[str, tuple[dict[str, Any], str]] = {
    "an alarm": (
        {
            "status": "ROLLBACK_SUCCESSFUL",
            "lifecycleStage": "BAKE_TIME",
            "alarms": {
                "status": "TRIGGERED",
                "alarmNames": ["slipway-production-faults", "slipway-production-elb-5xx"],
                "triggeredAlarmNames": ["slipway-production-faults"],
            },
            "rollback": {"reason": "Service deployment rolled back because of alarms."},
        },
        "ROLLBACK_SUCCESSFUL at BAKE_TIME: alarm slipway-production-faults; Service deployment "
        "rolled back because of alarms.",
    ),
    "the circuit breaker": (
        {
            "status": "ROLLBACK_IN_PROGRESS",
            "lifecycleStage": "SCALE_UP",
            "alarms": {"status": "MONITORING", "alarmNames": [], "triggeredAlarmNames": []},
            "deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3},
        },
        "ROLLBACK_IN_PROGRESS at SCALE_UP: 3 tasks failed, and the circuit breaker allows 3",
    ),
    "a person": (
        {
            "status": "STOPPED",
            "statusReason": "Service deployment stopped by the user.",
            "deploymentCircuitBreaker": {"status": "MONITORING", "failureCount": 1, "threshold": 3},
        },
        "STOPPED: Service deployment stopped by the user.",
    ),
    "no reason": ({"status": "ROLLBACK_FAILED"}, "ROLLBACK_FAILED: no reason given"),
}


@pytest.mark.parametrize(("deployment", "line"), CAUSES.values(), ids=CAUSES)
def test_the_cause_of_a_rollback_is_one_line(
    bootstrapped: Cloud,
    deployed: str,
    artifact: Path,
    capsys: Said,
    deployment: dict[str, Any],
    line: str,
) -> None:
    def fail(stack: Any) -> str:
        now = time.time()
        older = {"status": "ROLLBACK_FAILED", "statusReason": "long ago", "createdAt": now - 3600}
        fine = {"status": "SUCCESSFUL", "createdAt": now}
        bootstrapped.ended += [
            {**one, "serviceDeploymentArn": f"arn:{place}"}
            for place, one in enumerate((older, fine, {**deployment, "createdAt": now}))
        ]
        return "UPDATE_ROLLBACK_COMPLETE"

    bootstrapped.then = fail
    assert again(artifact, image=bootstrapped.push("bad")) == 1
    said = capsys.readouterr().err
    assert "deployments that ECS ended:" in said
    found = [one.strip() for one in said.splitlines() if deployment["status"] in one]
    assert len(found) == 1
    assert line in found[0]
    assert "long ago" not in said


def test_a_rollback_by_ecs_fails_although_the_stack_is_content(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    def content(stack: Any) -> str:
        before = bootstrapped.service().task_definition
        bootstrapped.run_image(stack, bootstrapped.changes[-1]["ImageUri"])
        bootstrapped.serve(before)
        return "UPDATE_COMPLETE"

    bootstrapped.then = content
    assert again(artifact, image=bootstrapped.push("bad")) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert message == (
        "slipway: the deployment was rolled back: ECS runs slipway-production:1, not "
        "slipway-production:2"
    )


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED"])
def test_a_stack_that_never_came_to_be_is_made_anew_after_saying_so(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said, status: str
) -> None:
    dead = bootstrapped.stack()
    dead.status = status
    assert again(artifact, image=deployed) == 0
    said = capsys.readouterr().out
    assert f"was never created ({status}): deleting it before creating it" in said
    assert dead.status == "DELETE_COMPLETE"
    assert bootstrapped.stack().status == "CREATE_COMPLETE"


def test_a_first_deploy_that_fails_is_reported(
    bootstrapped: Cloud, artifact: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.cloudformation.models import Stack

    def fail(self: Any) -> None:
        self._add_stack_event("CREATE_FAILED", "Your account has no more load balancers")
        self.status = "ROLLBACK_COMPLETE"
        self._add_stack_event("ROLLBACK_COMPLETE")

    prerequisites.ensure_network(open_account(None), {}, {}, None, False, lambda line: None)
    monkeypatch.setattr(Stack, "create_resources", fail)
    assert again(artifact, image=bootstrapped.push("first")) == 1
    said = capsys.readouterr().err
    assert "Your account has no more load balancers" in said
    assert said.endswith("slipway-production was not deployed: ROLLBACK_COMPLETE\n")


def test_a_service_that_answers_otherwise_than_its_artifact_fails(
    bootstrapped: Cloud, deployed: str, own_artifact: Path, edit_manifest: Any, capsys: Said
) -> None:
    edit_manifest(lambda content: content["golden"]["outputs"]["class"].__setitem__(0, 7.0))
    assert again(own_artifact, image=deployed) == 1
    assert "which differs from the artifact: ['class']" in capsys.readouterr().err


def test_what_a_rollback_takes_away_was_read_before(
    bootstrapped: Cloud,
    deployed: str,
    artifact: Path,
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def roll_back(stack: Any) -> str:
        bootstrapped.stopped.append(stopped_task(stack.name))
        log_crash(bootstrapped, "0123456789abcdef")
        return "UPDATE_ROLLBACK_IN_PROGRESS"

    def take_away(seconds: float) -> None:
        bootstrapped.stopped.clear()
        group = "/ecs/slipway-production"
        bootstrapped.client("logs").delete_log_group(logGroupName=group)
        bootstrapped.stack().status = "UPDATE_ROLLBACK_COMPLETE"

    bootstrapped.then = roll_back
    monkeypatch.setattr(stacks, "sleep", take_away)
    assert again(artifact, image=bootstrapped.push("bad")) == 1
    said = capsys.readouterr().err
    assert "slipway: the artifact is damaged" in said
    assert "container app: exit code 65" in said
