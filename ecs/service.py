"""The service on ECS: what it says of itself, which tasks stopped and why, what they logged."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ecs.account import Account
from ecs.stacks import Tell

EVENTS = 10
STOPPED = 3
LOG_LINES = 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is: its cluster and name, and where its containers log."""

    cluster: str
    name: str
    log_group: str | None


def place_of(account: Account, stack: str) -> Place | None:
    """Look it up among what the stack has made so far; None if there is no service yet."""
    client = account.client("cloudformation")
    made = {
        resource.get("ResourceType"): resource.get("PhysicalResourceId")
        for resource in client.describe_stack_resources(StackName=stack)["StackResources"]
    }
    *_, cluster, name = ["", "", *str(made.get("AWS::ECS::Service") or "").split("/")]
    return Place(cluster, name, made.get("AWS::Logs::LogGroup")) if cluster and name else None


def describe(account: Account, place: Place) -> dict[str, Any]:
    """The service as ECS describes it; empty if it is gone."""
    try:
        found = account.client("ecs").describe_services(
            cluster=place.cluster, services=[place.name]
        )["services"]
    except ClientError as error:
        if "ClusterNotFound" in str(error):
            return {}
        raise
    return dict(found[0]) if found else {}


def rolled_back(service: Mapping[str, Any], task_definition: str) -> str | None:
    """Why the service does not run this task definition; None if it does, or comes to it."""
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
class Watch:
    """Tells what the service says while a stack is being changed, each line once."""

    account: Account
    stack: str
    tell: Tell
    told: set[str] = field(default_factory=set)
    place: Place | None = None

    def forget(self) -> None:
        """Leave out what the service has said until now."""
        self.place = place_of(self.account, self.stack)
        if self.place:
            said = describe(self.account, self.place).get("events", [])
            self.told.update(event["id"] for event in said)

    def look(self) -> None:
        """Tell what is new."""
        with suppress(ClientError):  # the stack's own events tell enough
            self.place = self.place or place_of(self.account, self.stack)
            if self.place:
                self._tell_events(describe(self.account, self.place).get("events", []))

    def _tell_events(self, events: list[dict[str, Any]]) -> None:
        for event in reversed(events):
            if event["id"] not in self.told:
                self.told.add(event["id"])
                self.tell(f"{event['createdAt']:%H:%M:%S}  service: {event['message']}")


def last_events(account: Account, place: Place) -> list[str]:
    """The service's last events, newest last."""
    events = describe(account, place).get("events", [])[:EVENTS]
    return [f"{event['createdAt']:%H:%M:%S}  {event['message']}" for event in reversed(events)]


def stopped_tasks(account: Account, place: Place) -> list[dict[str, Any]]:
    """The tasks that stopped last, newest first; ECS knows them for about an hour."""
    client = account.client("ecs")
    try:
        arns = client.list_tasks(
            cluster=place.cluster, serviceName=place.name, desiredStatus="STOPPED"
        )["taskArns"]
    except (client.exceptions.ClusterNotFoundException, client.exceptions.ServiceNotFoundException):
        return []
    if not arns:
        return []
    tasks = client.describe_tasks(cluster=place.cluster, tasks=arns[:100])["tasks"]
    never = datetime.min.replace(tzinfo=tasks[0]["createdAt"].tzinfo)
    newest = sorted(tasks, key=lambda task: task.get("stoppedAt") or never, reverse=True)
    return newest[:STOPPED]


def why_stopped(task: Mapping[str, Any]) -> list[str]:
    """Why a task stopped, and each of its containers."""
    lines = [f"task {task['taskArn'].rpartition('/')[2]}: {task.get('stoppedReason') or '?'}"]
    for container in task.get("containers", []):
        code = container.get("exitCode")
        exited = "" if code is None else f"exit code {code}"
        told = ", ".join(filter(None, (exited, container.get("reason"))))
        if told:
            lines.append(f"  container {container['name']}: {told}")
    return lines


def last_lines(account: Account, group: str, tasks: list[dict[str, Any]]) -> list[str]:
    """What the stopped task that logged last had to say, else whoever logged last."""
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


def listed(heading: str, read: Callable[[], list[str]]) -> list[str]:
    """Lines under a heading; none without lines, one that says so if AWS does not tell them."""
    try:
        lines = read()
    except ClientError as error:
        lines = [f"cannot be read: {error}"]
    return [f"{heading}:", *(f"  {line}" for line in lines), ""] if lines else []
