"""Make a CloudFormation stack, change it by change set, remove it.

Each step can be tried again: a stack that is busy is waited for, one that never came to be is
removed and made anew, and a change set without changes is no error.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from time import sleep
from typing import Any

from ecs import stacks
from ecs.errors import FailedError, UnavailableError
from ecs.stacks import Stack, Waiting

DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
# Never came to be: CloudFormation can only delete them.
STILLBORN = {
    "CREATE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "REVIEW_IN_PROGRESS",
    "DELETE_FAILED",
}
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


def ready(client: Any, name: str, waiting: Waiting, role: str | None = None) -> Stack | None:
    """The stack once it can be changed; None if it has to be made, perhaps anew."""
    stack = stacks.find(client, name)
    if stack and stack.busy:
        waiting.tell(f"{name} is busy ({stack.status}): waiting until that ends")
        stacks.wait(client, stack.id, waiting, stacks.last_event(client, stack.id))
        stack = stacks.find(client, name)
    if stack and stack.status in STILLBORN:
        waiting.tell(f"{name} never came to be ({stack.status}): deleting it, to make it anew")
        delete(client, stack, waiting, role)
        return None
    if stack and stack.status == "UPDATE_ROLLBACK_FAILED":
        raise UnavailableError(
            f"{name} is stuck in {stack.status} ({stack.reason or 'no reason given'}); mend that, "
            f"then: aws cloudformation continue-update-rollback --stack-name {name}"
        )
    return stack


def create(
    client: Any,
    name: str,
    template: str,
    parameters: Mapping[str, str],
    waiting: Waiting,
    role: str | None = None,
) -> Stack:
    """Make a stack; FailedError if CloudFormation rolled it back."""
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
    waiting: Waiting,
    role: str | None = None,
) -> Stack | None:
    """Change a stack by change set; None if there is nothing to change.

    Parameters of the template, which are `known`, that are not given keep their values. Without a
    template the stack keeps its own.
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
        raise FailedError(f"CloudFormation refuses the change of {stack.name}: {reason}")
    client.execute_change_set(StackName=stack.name, ChangeSetName=change_set)
    return _succeeded(stacks.wait(client, stack.id, waiting, before))


def delete(client: Any, stack: Stack, waiting: Waiting, role: str | None = None) -> None:
    """Remove a stack; FailedError if something stays in the way."""
    before = stacks.last_event(client, stack.id)
    client.delete_stack(StackName=stack.id, **({"RoleARN": role} if role else {}))
    left = stacks.wait(client, stack.id, waiting, before)
    if left and left.status != "DELETE_COMPLETE":
        raise FailedError(f"{stack.name} could not be deleted: {left.status} {left.reason}")


def _succeeded(stack: Stack | None) -> Stack:
    if stack is None or stack.status not in DONE:
        status = f"{stack.status} {stack.reason}".rstrip() if stack else "it is gone"
        name = stack.name if stack else "the stack"
        raise FailedError(f"{name} was not deployed: {status}")
    return stack
