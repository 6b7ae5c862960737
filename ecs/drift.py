"""Compare a deployed service with its template, and its tasks with what should run."""

from collections.abc import Iterator
from time import sleep
from typing import Any

from ecs import service, stacks
from ecs.account import Account
from ecs.preflight import CheckResult
from ecs.stacks import Stack

# Autoscaling changes these all the time, so they are not drift.
IGNORED = {"/DesiredCount"}


def resources(account: Account, stack: Stack) -> Iterator[CheckResult]:
    """Resources that were changed by hand, from CloudFormation's drift detection."""
    client = account.client("cloudformation")
    begun = client.detect_stack_drift(StackName=stack.name)["StackDriftDetectionId"]
    while True:
        found = client.describe_stack_drift_detection_status(StackDriftDetectionId=begun)
        if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        sleep(stacks.POLL_SECONDS)
    if found["DetectionStatus"] == "DETECTION_FAILED":
        detail = f"not all known: {found.get('DetectionStatusReason', '')}"
        yield CheckResult("template", None, detail)
    differing = client.describe_stack_resource_drifts(
        StackName=stack.name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
    )["StackResourceDrifts"]
    lines = [
        f"{one['LogicalResourceId']}: {difference}"
        for one in differing
        for difference in _differences(one)
    ]
    for line in lines:
        yield CheckResult("template", False, line)
    if not lines:
        yield CheckResult(
            "template", True, "the resources that CloudFormation can compare are unchanged"
        )


def running(account: Account, stack: Stack) -> Iterator[CheckResult]:
    """Check that ECS runs the stack's task definition with the desired number of healthy tasks."""
    outputs = stack.outputs
    location = service.Location(outputs["ClusterName"], outputs["ServiceName"], None)
    found = service.describe(account, location)
    if not found:
        yield CheckResult("service", False, f"{location.name} does not exist")
        return
    arn = outputs["TaskDefinitionArn"]
    reason = service.rollback_reason(found, arn)
    yield CheckResult("service", reason is None, reason or f"runs {arn.rpartition('/')[2]}")
    desired, running = found["desiredCount"], found["runningCount"]
    yield CheckResult("tasks", running >= desired > 0, f"{running} of {desired} run")
    targets = account.client("elbv2").describe_target_health(
        TargetGroupArn=outputs["TargetGroupArn"]
    )["TargetHealthDescriptions"]
    states = [one["TargetHealth"]["State"] for one in targets]
    healthy = states.count("healthy")
    detail = f"{healthy} of {len(states)} are healthy behind the load balancer"
    yield CheckResult("targets", 0 < healthy >= desired, detail)


def _differences(resource: dict[str, Any]) -> list[str]:
    if resource["StackResourceDriftStatus"] == "DELETED":
        return ["it was deleted"]
    properties = resource.get("PropertyDifferences") or []
    return [
        f"{one['PropertyPath']} is {one['ActualValue']}, not {one['ExpectedValue']}"
        for one in properties
        if one["PropertyPath"] not in IGNORED
    ]
