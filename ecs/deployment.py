"""Deploy an image: update the service's stack, wait, check, and report why it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ecs import inputs, names, report, service, stack_operations, stacks
from ecs.account import Account
from ecs.errors import FailedError
from ecs.service import EventPrinter
from ecs.stacks import Echo, Stack, WaitCallbacks

CLOCK_DIFFERENCE = timedelta(minutes=1)  # by which this machine's clock may be ahead of AWS's


@dataclass(frozen=True, slots=True)
class Outcome:
    """The stack after the deployment, whether it changed, and the image before."""

    stack: Stack
    changed: bool
    before: str | None


def wait_until_changeable(
    account: Account, name: str, role: str | None, echo: Echo
) -> Stack | None:
    """Return the service's stack once it can be changed; None if it has to be created."""
    return stack_operations.wait_until_changeable(
        account.client("cloudformation"), name, WaitCallbacks(echo), role
    )


def deploy(
    account: Account,
    name: str,
    stack: Stack | None,
    parameters: Mapping[str, str],
    role: str | None,
    echo: Echo,
    keep_template: bool = False,
) -> Outcome:
    """Create or update the service's stack; FailedError with a report if it was rolled back."""
    client = account.client("cloudformation")
    events = EventPrinter(account, name, echo)
    after = None
    if stack:
        events.skip_existing()
        after = stacks.last_event(client, stack.id)
    since = datetime.now(UTC) - CLOCK_DIFFERENCE
    reports: list[str] = []

    def collect_report() -> None:
        target = stacks.find(client, name)
        if target:
            reports.append(report.failure_report(account, target.id, after, since))

    waiting = WaitCallbacks(echo, events.print_new, collect_report)
    before = stack.parameters.get("ImageUri") if stack else None
    try:
        if stack is None:
            template = inputs.template_body("service")
            done = stack_operations.create(client, name, template, parameters, waiting, role)
            return Outcome(_require_deployed(account, done), True, None)
        source = None if keep_template else inputs.template_body("service")
        known = (
            set(stack.parameters) if keep_template else set(inputs.declared_parameters("service"))
        )
        changed = stack_operations.change(client, stack, source, parameters, known, waiting, role)
        return Outcome(_require_deployed(account, changed or stack), changed is not None, before)
    except FailedError as error:
        if not reports:
            collect_report()
        raise FailedError(str(error), reports[0] if reports else "") from error


def previous_image(account: Account, stack: Stack, repository: names.Repository) -> str | None:
    """Digest of the previous image, from the service's task definitions."""
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


def _require_deployed(account: Account, stack: Stack) -> Stack:
    """Return the stack if ECS runs its task definition; FailedError if ECS rolled back.

    CloudFormation may report success although ECS rolled back.
    """
    location = service.Location(stack.outputs["ClusterName"], stack.outputs["ServiceName"], None)
    found = service.describe(account, location)
    if not found:
        raise FailedError(
            f"{stack.name} has no service {location.name} in cluster {location.cluster}"
        )
    reason = service.rollback_reason(found, stack.outputs["TaskDefinitionArn"])
    if reason:
        raise FailedError(f"the deployment was rolled back: {reason}")
    return stack
