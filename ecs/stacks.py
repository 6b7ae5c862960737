"""Find a CloudFormation stack, wait for it and print its events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import sleep
from typing import Any

from botocore.exceptions import ClientError

POLL_SECONDS = 5.0

Echo = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def busy(self) -> bool:
        """Whether CloudFormation is changing the stack."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class WaitCallbacks:
    """`echo` prints a line; `on_poll` runs at each poll, `on_rollback` once at a rollback."""

    echo: Echo
    on_poll: Callable[[], None] = lambda: None
    on_rollback: Callable[[], None] = lambda: None


def find(client: Any, name: str) -> Stack | None:
    """Return a stack by its name or id; None if it does not exist."""
    try:
        [found] = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return Stack(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        parameters={
            one["ParameterKey"]: one.get("ParameterValue", "")
            for one in found.get("Parameters", [])
        },
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs") or []},
    )


def wait(client: Any, stack_id: str, waiting: WaitCallbacks, after: str | None) -> Stack | None:
    """Print the stack's events until CloudFormation has finished. Return None if it was deleted.

    Events up to and including `after` are skipped.
    """
    printed: set[str] = set()
    rolling_back = False
    while True:
        stack = find(client, stack_id)
        if stack is None:
            return None
        for event in events(client, stack_id, after):
            if event["EventId"] not in printed:
                printed.add(event["EventId"])
                waiting.echo(format_event(event))
        if not rolling_back and "ROLLBACK" in stack.status:  # before resources are deleted
            rolling_back = True
            waiting.on_rollback()
        waiting.on_poll()
        if not stack.busy:
            return stack
        sleep(POLL_SECONDS)


def last_event(client: Any, stack_id: str) -> str | None:
    """The id of a stack's newest event."""
    found = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    return str(found[0]["EventId"]) if found else None


def events(client: Any, stack_id: str, after: str | None) -> list[dict[str, Any]]:
    """Events of a stack that are newer than `after`, oldest first."""
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] == after:
                return found[::-1]
            found.append(event)
    return found[::-1]


def format_event(event: Mapping[str, Any]) -> str:
    """An event as one line of text."""
    parts = (
        f"{event['Timestamp']:%H:%M:%S}  {event['ResourceStatus']:<27}",
        f"{event['LogicalResourceId']:<24}",
        event.get("ResourceStatusReason", ""),
    )
    return "  ".join(parts).rstrip()
