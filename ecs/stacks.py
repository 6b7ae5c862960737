"""CloudFormation stacks as they are: find one, wait for one and tell its events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import sleep
from typing import Any

from botocore.exceptions import ClientError

POLL_SECONDS = 5.0

Tell = Callable[[str], None]


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
        """Whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What to do meanwhile: `tell` prints a line, `look` is called each time, `failing` once."""

    tell: Tell
    look: Callable[[], None] = lambda: None
    failing: Callable[[], None] = lambda: None


def find(client: Any, name: str) -> Stack | None:
    """A stack by its name or id; None if there is none."""
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


def wait(client: Any, stack_id: str, waiting: Waiting, after: str | None) -> Stack | None:
    """Tell the stack's events until CloudFormation has ended; None if the stack is gone.

    `after` is the last event that is not of interest any more.
    """
    told: set[str] = set()
    failing = False
    while True:
        stack = find(client, stack_id)
        if stack is None:
            return None
        for event in events(client, stack_id, after):
            if event["EventId"] not in told:
                told.add(event["EventId"])
                waiting.tell(line(event))
        if not failing and "ROLLBACK" in stack.status:  # before it takes everything away
            failing = True
            waiting.failing()
        waiting.look()
        if not stack.busy:
            return stack
        sleep(POLL_SECONDS)


def last_event(client: Any, stack_id: str) -> str | None:
    """The id of a stack's newest event."""
    found = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    return str(found[0]["EventId"]) if found else None


def events(client: Any, stack_id: str, after: str | None) -> list[dict[str, Any]]:
    """Events of a stack since another one, oldest first."""
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] == after:
                return found[::-1]
            found.append(event)
    return found[::-1]


def line(event: Mapping[str, Any]) -> str:
    """An event for people."""
    told = (
        f"{event['Timestamp']:%H:%M:%S}  {event['ResourceStatus']:<27}",
        f"{event['LogicalResourceId']:<24}",
        event.get("ResourceStatusReason", ""),
    )
    return "  ".join(told).rstrip()
