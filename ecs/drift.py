"""What differs between a deployed service and its template, and between it and what should run."""

from collections.abc import Iterator
from time import sleep
from typing import Any

from ecs import service, stacks
from ecs.account import Account
from ecs.checks import Found
from ecs.stacks import Stack

# What autoscaling changes all the time, so it is no difference.
MOVING = {"/DesiredCount"}


def resources(account: Account, stack: Stack) -> Iterator[Found]:
    """What somebody changed by hand, by CloudFormation's drift detection."""
    client = account.client("cloudformation")
    begun = client.detect_stack_drift(StackName=stack.name)["StackDriftDetectionId"]
    while True:
        found = client.describe_stack_drift_detection_status(StackDriftDetectionId=begun)
        if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        sleep(stacks.POLL_SECONDS)
    if found["DetectionStatus"] == "DETECTION_FAILED":
        told = f"cannot all be told: {found.get('DetectionStatusReason', '')}"
        yield Found("template", None, told)
    differing = client.describe_stack_resource_drifts(
        StackName=stack.name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
    )["StackResourceDrifts"]
    lines = [
        f"{one['LogicalResourceId']}: {difference}"
        for one in differing
        for difference in _differences(one)
    ]
    for line in lines:
        yield Found("template", False, line)
    if not lines:
        yield Found("template", True, "nothing that CloudFormation can compare differs from it")


def running(account: Account, stack: Stack) -> Iterator[Found]:
    """Whether ECS runs the stack's task definition, with as many tasks as it wants, healthy."""
    outputs = stack.outputs
    place = service.Place(outputs["ClusterName"], outputs["ServiceName"], None)
    found = service.describe(account, place)
    if not found:
        yield Found("service", False, f"{place.name} is gone")
        return
    arn = outputs["TaskDefinitionArn"]
    reason = service.rolled_back(found, arn)
    yield Found("service", reason is None, reason or f"runs {arn.rpartition('/')[2]}")
    wanted, there = found["desiredCount"], found["runningCount"]
    yield Found("tasks", there >= wanted > 0, f"{there} of {wanted} run")
    targets = account.client("elbv2").describe_target_health(
        TargetGroupArn=outputs["TargetGroupArn"]
    )["TargetHealthDescriptions"]
    states = [one["TargetHealth"]["State"] for one in targets]
    healthy = states.count("healthy")
    told = f"{healthy} of {len(states)} are healthy behind the load balancer"
    yield Found("targets", 0 < healthy >= wanted, told)


def _differences(resource: dict[str, Any]) -> list[str]:
    if resource["StackResourceDriftStatus"] == "DELETED":
        return ["it was deleted"]
    properties = resource.get("PropertyDifferences") or []
    return [
        f"{one['PropertyPath']} is {one['ActualValue']}, not {one['ExpectedValue']}"
        for one in properties
        if one["PropertyPath"] not in MOVING
    ]
