"""One deployment: a digest into the service's stack, waited for, checked, reported if it failed."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecs import changes, inputs, names, report, service, stacks
from ecs.account import Account
from ecs.errors import FailedError
from ecs.service import Watch
from ecs.stacks import Stack, Tell, Waiting


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the stack now, whether anything changed, and the image before."""

    stack: Stack
    changed: bool
    before: str | None


def ready(account: Account, name: str, role: str | None, tell: Tell) -> Stack | None:
    """The service's stack once it can be changed; None if it has to be made."""
    return changes.ready(account.client("cloudformation"), name, Waiting(tell), role)


def deploy(
    account: Account,
    name: str,
    stack: Stack | None,
    parameters: Mapping[str, str],
    role: str | None,
    tell: Tell,
    keep_template: bool = False,
) -> Outcome:
    """Make or change the service's stack; FailedError with a report if that was rolled back."""
    client = account.client("cloudformation")
    watch = Watch(account, name, tell)
    after = None
    if stack:
        watch.forget()
        after = stacks.last_event(client, stack.id)
    reports: list[str] = []

    def dig() -> None:
        target = stacks.find(client, name)
        if target:
            reports.append(report.of(account, target.id, after))

    waiting = Waiting(tell, watch.look, dig)
    before = stack.parameters.get("ImageUri") if stack else None
    try:
        if stack is None:
            template = inputs.text("service")
            done = changes.create(client, name, template, parameters, waiting, role)
            return Outcome(_settled(account, done), True, None)
        source = None if keep_template else inputs.text("service")
        known = set(stack.parameters) if keep_template else set(inputs.known("service"))
        changed = changes.change(client, stack, source, parameters, known, waiting, role)
        return Outcome(_settled(account, changed or stack), changed is not None, before)
    except FailedError as error:
        if not reports:
            dig()
        raise FailedError(str(error), reports[0] if reports else "") from error


def previous_image(account: Account, stack: Stack, repository: names.Repository) -> str | None:
    """The digest of the image that the service ran before this one, by its task definitions."""
    client = account.client("ecs")
    arn = stack.outputs["TaskDefinitionArn"]
    family, _, revision = arn.rpartition("/")[2].rpartition(":")
    revisions = [
        int(found.rpartition(":")[2])
        for status in ("ACTIVE", "INACTIVE")
        for page in client.get_paginator("list_task_definitions").paginate(
            familyPrefix=family, status=status, sort="DESC"
        )
        for found in page["taskDefinitionArns"]
        if found.rpartition("/")[2].rpartition(":")[0] == family
    ]
    now = stack.parameters["ImageUri"]
    for older in sorted((one for one in revisions if one < int(revision)), reverse=True):
        described = client.describe_task_definition(taskDefinition=f"{family}:{older}")
        image = described["taskDefinition"]["containerDefinitions"][0]["image"]
        if image != now and image.startswith(f"{repository.uri}@"):
            return str(image.rpartition("@")[2])
    return None


def _settled(account: Account, stack: Stack) -> Stack:
    """The stack, if ECS runs what it says: CloudFormation may be content when ECS rolled back."""
    place = service.Place(stack.outputs["ClusterName"], stack.outputs["ServiceName"], None)
    found = service.describe(account, place)
    if not found:
        raise FailedError(f"{stack.name} has no service {place.name} in cluster {place.cluster}")
    reason = service.rolled_back(found, stack.outputs["TaskDefinitionArn"])
    if reason:
        raise FailedError(f"the deployment was rolled back: {reason}")
    return stack
