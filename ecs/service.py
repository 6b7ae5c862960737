"""The service on ECS: its state and events, its stopped tasks and their logs."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ecs.account import Account
from ecs.stacks import Echo

EVENTS = 10
STOPPED_TASKS = 3
LOG_LINES = 50


@dataclass(frozen=True, slots=True)
class Location:
    """A service's cluster, name and log group."""

    cluster: str
    name: str
    log_group: str | None


def locate(account: Account, stack: str) -> Location | None:
    """Find the service among the stack's resources; None if it does not exist yet."""
    client = account.client("cloudformation")
    made = {
        resource.get("ResourceType"): resource.get("PhysicalResourceId")
        for resource in client.describe_stack_resources(StackName=stack)["StackResources"]
    }
    *_, cluster, name = ["", "", *str(made.get("AWS::ECS::Service") or "").split("/")]
    return Location(cluster, name, made.get("AWS::Logs::LogGroup")) if cluster and name else None


def describe(account: Account, location: Location) -> dict[str, Any]:
    """The service as ECS describes it; empty if it does not exist."""
    try:
        found = account.client("ecs").describe_services(
            cluster=location.cluster, services=[location.name]
        )["services"]
    except ClientError as error:
        if "ClusterNotFound" in str(error):
            return {}
        raise
    return dict(found[0]) if found else {}


def rollback_reason(service: Mapping[str, Any], task_definition: str) -> str | None:
    """Why the service does not run this task definition; None if it runs it or is starting it."""
    primary: dict[str, Any] = next(
        (one for one in service["deployments"] if one["status"] == "PRIMARY"), {}
    )
    if primary.get("rolloutState") == "FAILED":
        return f"ECS: {primary.get('rolloutStateReason') or 'the deployment failed'}"
    runs = primary.get("taskDefinition") or service["taskDefinition"]
    if runs != task_definition:
        return f"ECS runs {runs.rpartition('/')[2]}, not {task_definition.rpartition('/')[2]}"
    return None


@dataclass(slots=True)
class EventPrinter:
    """Prints the service's events while a stack is being changed, each once."""

    account: Account
    stack: str
    echo: Echo
    printed: set[str] = field(default_factory=set)
    location: Location | None = None

    def skip_existing(self) -> None:
        """Skip the events that exist now."""
        self.location = locate(self.account, self.stack)
        if self.location:
            events = describe(self.account, self.location).get("events", [])
            self.printed.update(event["id"] for event in events)

    def print_new(self) -> None:
        """Print the events that are new."""
        with suppress(ClientError):  # the stack's own events are enough
            self.location = self.location or locate(self.account, self.stack)
            if self.location:
                self._print(describe(self.account, self.location).get("events", []))

    def _print(self, events: list[dict[str, Any]]) -> None:
        for event in reversed(events):
            if event["id"] not in self.printed:
                self.printed.add(event["id"])
                self.echo(f"{event['createdAt']:%H:%M:%S}  service: {event['message']}")


def last_events(account: Account, location: Location) -> list[str]:
    """The service's last events, newest last."""
    events = describe(account, location).get("events", [])[:EVENTS]
    return [f"{event['createdAt']:%H:%M:%S}  {event['message']}" for event in reversed(events)]


def stopped_tasks(account: Account, location: Location) -> list[dict[str, Any]]:
    """The tasks that stopped last, newest first. ECS lists them for about an hour."""
    client = account.client("ecs")
    try:
        arns = client.list_tasks(
            cluster=location.cluster, serviceName=location.name, desiredStatus="STOPPED"
        )["taskArns"]
    except (client.exceptions.ClusterNotFoundException, client.exceptions.ServiceNotFoundException):
        return []
    if not arns:
        return []
    tasks = client.describe_tasks(cluster=location.cluster, tasks=arns[:100])["tasks"]
    never = datetime.min.replace(tzinfo=tasks[0]["createdAt"].tzinfo)
    newest = sorted(tasks, key=lambda task: task.get("stoppedAt") or never, reverse=True)
    return newest[:STOPPED_TASKS]


def stop_reasons(task: Mapping[str, Any]) -> list[str]:
    """Why a task and each of its containers stopped, a line each."""
    code = f" ({task['stopCode']})" if task.get("stopCode") else ""
    reason = task.get("stoppedReason") or "?"
    lines = [f"task {task['taskArn'].rpartition('/')[2]}: {reason}{code}"]
    for container in task.get("containers", []):
        code = container.get("exitCode")
        exited = "" if code is None else f"exit code {code}"
        detail = ", ".join(filter(None, (exited, container.get("reason"))))
        if detail:
            lines.append(f"  container {container['name']}: {detail}")
    return lines


def last_lines(account: Account, group: str, tasks: list[dict[str, Any]]) -> list[str]:
    """Last log lines of the stopped task that logged last, or of any task if none stopped."""
    client = account.client("logs")
    try:
        streams = client.describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", descending=True, limit=50
        )["logStreams"]
    except client.exceptions.ResourceNotFoundException:
        return []
    ids = {task["taskArn"].rpartition("/")[2] for task in tasks}
    names = [stream["logStreamName"] for stream in streams]
    chosen = [name for name in names if name.rpartition("/")[2] in ids] or names
    if not chosen:
        return []
    found = client.get_log_events(
        logGroupName=group, logStreamName=chosen[0], limit=LOG_LINES, startFromHead=False
    )["events"]
    return [event["message"].rstrip() for event in found]


def section(heading: str, read: Callable[[], list[str]]) -> list[str]:
    """Lines under a heading; empty without lines. An error of AWS becomes the only line."""
    try:
        lines = read()
    except ClientError as error:
        lines = [f"cannot be read: {error}"]
    return [f"{heading}:", *(f"  {line}" for line in lines), ""] if lines else []
