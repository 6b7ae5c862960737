"""What one always has to dig for after a failure, in one report."""

from typing import Any

from botocore.exceptions import ClientError

from ecs import service, stacks
from ecs.account import Account

EVENTS = 10


def of(account: Account, stack_id: str, after: str | None) -> str:
    """Failed stack events, service events, stopped reasons, last log lines; what there is of it."""
    lines = service.listed("failed stack events", lambda: failed_events(account, stack_id, after))
    place = _place(account, stack_id)
    if place:
        tasks: list[dict[str, Any]] = []

        def reasons() -> list[str]:
            tasks.extend(service.stopped_tasks(account, place))
            return [line for task in tasks for line in service.why_stopped(task)]

        lines += service.listed("service events", lambda: service.last_events(account, place))
        lines += service.listed("stopped tasks", reasons)
        if group := place.log_group:
            lines += service.listed(
                f"last lines of {group}", lambda: service.last_lines(account, group, tasks)
            )
    return "\n".join(lines).rstrip()


def _place(account: Account, stack_id: str) -> service.Place | None:
    try:
        return service.place_of(account, stack_id)
    except ClientError:  # the stack is gone already
        return None


def failed_events(account: Account, stack_id: str, after: str | None) -> list[str]:
    """What failed by itself; what was only cancelled because of that is left out."""
    found = stacks.events(account.client("cloudformation"), stack_id, after)
    failed = [
        event
        for event in found
        if event["ResourceStatus"].endswith("_FAILED")
        and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    return [stacks.line(event) for event in failed[-EVENTS:]]
