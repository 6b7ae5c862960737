"""Create, update (by change set) and delete a CloudFormation stack.

Each step can be repeated. A busy stack is waited for, a stack that was never created is deleted and
created again, and a change set without changes is no error.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from time import sleep
from typing import Any

from ecs import stacks
from ecs.errors import FailedError, UnavailableError
from ecs.stacks import Stack, WaitCallbacks

DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
# The stack was never created: CloudFormation can only delete it.
NEVER_CREATED = {
    "CREATE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "REVIEW_IN_PROGRESS",
    "DELETE_FAILED",
}
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


def wait_until_changeable(
    client: Any, name: str, waiting: WaitCallbacks, role: str | None = None
) -> Stack | None:
    """Return the stack once it can be changed; None if it has to be created."""
    stack = stacks.find(client, name)
    if stack and stack.busy:
        waiting.echo(f"{name} is busy ({stack.status}): waiting until that ends")
        stacks.wait(client, stack.id, waiting, stacks.last_event(client, stack.id))
        stack = stacks.find(client, name)
    if stack and stack.status in NEVER_CREATED:
        waiting.echo(f"{name} was never created ({stack.status}): deleting it before creating it")
        delete(client, stack, waiting, role)
        return None
    if stack and stack.status == "UPDATE_ROLLBACK_FAILED":
        raise UnavailableError(
            f"{name} is stuck in {stack.status} ({stack.reason or 'no reason given'}); fix that, "
            f"then: aws cloudformation continue-update-rollback --stack-name {name}"
        )
    return stack


def create(
    client: Any,
    name: str,
    template: str,
    parameters: Mapping[str, str],
    waiting: WaitCallbacks,
    role: str | None = None,
) -> Stack:
    """Create a stack. FailedError if CloudFormation rolled it back."""
    made = client.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        **({"RoleARN": role} if role else {}),
    )
    return _succeeded(stacks.wait(client, made["StackId"], waiting, None))


def change(
    client: Any,
    stack: Stack,
    template: str | None,
    parameters: Mapping[str, str],
    known: set[str],
    waiting: WaitCallbacks,
    role: str | None = None,
) -> Stack | None:
    """Update a stack by change set. Return None if nothing changes.

    `known` names the template's parameters: those without a new value in `parameters` keep the old
    one. If `template` is None, the stack keeps its template.
    """
    keep = known & stack.parameters.keys() - parameters.keys()
    before = stacks.last_event(client, stack.id)
    change_set = f"slipway-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    client.create_change_set(
        StackName=stack.name,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE",
        **({"TemplateBody": template} if template else {"UsePreviousTemplate": True}),
        Parameters=[
            *({"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()),
            *({"ParameterKey": k, "UsePreviousValue": True} for k in sorted(keep)),
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        **({"RoleARN": role} if role else {}),
    )
    made = client.describe_change_set(StackName=stack.name, ChangeSetName=change_set)
    while made["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        sleep(stacks.POLL_SECONDS)
        made = client.describe_change_set(StackName=stack.name, ChangeSetName=change_set)
    if made["Status"] == "FAILED":
        client.delete_change_set(StackName=stack.name, ChangeSetName=change_set)
        reason = made.get("StatusReason", "")
        if any(words in reason for words in NO_CHANGES):
            return None
        raise FailedError(f"CloudFormation rejected the change of {stack.name}: {reason}")
    client.execute_change_set(StackName=stack.name, ChangeSetName=change_set)
    return _succeeded(stacks.wait(client, stack.id, waiting, before))


def delete(client: Any, stack: Stack, waiting: WaitCallbacks, role: str | None = None) -> None:
    """Delete a stack. FailedError if CloudFormation cannot delete it."""
    before = stacks.last_event(client, stack.id)
    client.delete_stack(StackName=stack.id, **({"RoleARN": role} if role else {}))
    left = stacks.wait(client, stack.id, waiting, before)
    if left and left.status != "DELETE_COMPLETE":
        raise FailedError(f"{stack.name} could not be deleted: {left.status} {left.reason}")


def _succeeded(stack: Stack | None) -> Stack:
    if stack is None or stack.status not in DONE:
        status = f"{stack.status} {stack.reason}".rstrip() if stack else "it no longer exists"
        name = stack.name if stack else "the stack"
        raise FailedError(f"{name} was not deployed: {status}")
    return stack
