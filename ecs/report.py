"""The report after a failure: events, the end of deployments, stopped tasks and log lines."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ecs import rollout, service, stacks
from ecs.account import Account

EVENTS = 10


def failure_report(account: Account, stack_id: str, after: str | None, since: datetime) -> str:
    """Failed stack events, how ECS ended the deployment, service events, stop reasons and last log
    lines, if there are any.

    Stack events are those after the event `after`, deployments those that were created `since`.
    """
    lines = service.section("failed stack events", lambda: failed_events(account, stack_id, after))
    location = _locate(account, stack_id)
    if location:
        tasks: list[dict[str, Any]] = []

        def reasons() -> list[str]:
            tasks.extend(service.stopped_tasks(account, location))
            return [line for task in tasks for line in service.stop_reasons(task)]

        lines += service.section(
            "deployments that ECS ended", lambda: rollout.ended(account, location, since)
        )
        lines += service.section("service events", lambda: service.last_events(account, location))
        lines += service.section("stopped tasks", reasons)
        if group := location.log_group:
            lines += service.section(
                f"last lines of {group}", lambda: service.last_lines(account, group, tasks)
            )
    return "\n".join(lines).rstrip()


def _locate(account: Account, stack_id: str) -> service.Location | None:
    try:
        return service.locate(account, stack_id)
    except ClientError:  # the stack is already deleted
        return None


def failed_events(account: Account, stack_id: str, after: str | None) -> list[str]:
    """Events of resources that failed, without those that were cancelled as a consequence."""
    found = stacks.events(account.client("cloudformation"), stack_id, after)
    failed = [
        event
        for event in found
        if event["ResourceStatus"].endswith("_FAILED")
        and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    return [stacks.format_event(event) for event in failed[-EVENTS:]]
