"""Why ECS ended a deployment of the service, from its list of service deployments.

ECS calls a change of a service's tasks a service deployment. After a rollback by an alarm no task
has stopped by itself, so that nothing else names the alarm.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ecs.account import Account
from ecs.service import Location

# All but PENDING, IN_PROGRESS and SUCCESSFUL.
ENDED = (
    "STOPPED", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED",
)  # fmt: skip
TRIGGERED = "TRIGGERED"


def ended(account: Account, location: Location, since: datetime) -> list[str]:
    """A line for each service deployment that was created since then and did not succeed."""
    client = account.client("ecs")
    try:
        found = client.list_service_deployments(
            cluster=location.cluster,
            service=location.name,
            status=list(ENDED),
            createdAt={"after": since},
        )["serviceDeployments"]
    except (client.exceptions.ClusterNotFoundException, client.exceptions.ServiceNotFoundException):
        return []
    if not found:
        return []
    described = client.describe_service_deployments(
        serviceDeploymentArns=[one["serviceDeploymentArn"] for one in found]
    )["serviceDeployments"]
    return [format_deployment(one) for one in sorted(described, key=lambda one: one["createdAt"])]


def format_deployment(deployment: Mapping[str, Any]) -> str:
    """The end of one service deployment, with its causes."""
    stage = deployment.get("lifecycleStage")
    where = f" at {stage}" if stage else ""
    begun = f"{deployment['createdAt']:%H:%M:%S}  {deployment['status']}{where}"
    return f"{begun}: {'; '.join(dict.fromkeys(_causes(deployment))) or 'no reason given'}"


def _causes(deployment: Mapping[str, Any]) -> Iterator[str]:
    alarms: Mapping[str, Any] = deployment.get("alarms", {})
    breaker: Mapping[str, Any] = deployment.get("deploymentCircuitBreaker", {})
    if alarms.get("triggeredAlarmNames"):
        yield f"alarm {', '.join(alarms['triggeredAlarmNames'])}"
    if breaker.get("status") == TRIGGERED:
        yield (
            f"{breaker.get('failureCount', 0)} tasks failed, and the circuit breaker allows "
            f"{breaker.get('threshold', 0)}"
        )
    for reason in (deployment.get("statusReason"), deployment.get("rollback", {}).get("reason")):
        if reason:
            yield reason
