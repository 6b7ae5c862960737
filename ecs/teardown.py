"""Delete an environment, and with the last one the shared stacks, so that nothing costs money."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from ecs import names, stack_operations, stacks
from ecs.account import Account, error_code
from ecs.stacks import Echo, WaitCallbacks


def stacks_to_delete(account: Account, name: str) -> list[str]:
    """The stacks to delete, in this order. Shared stacks go with the last environment only."""
    there = names.list_stacks(account)
    others = [one for one in there if one not in (*names.SHARED, name)]
    return [one for one in (name, *names.SHARED) if one in there and (one == name or not others)]


def delete_stack(account: Account, name: str, echo: Echo) -> None:
    """Delete a stack if it exists, then the resources that CloudFormation retained.

    FailedError if that fails.
    """
    client = account.client("cloudformation")
    stack = stacks.find(client, name)
    if stack and stack.busy:
        echo(f"{name} is busy ({stack.status}): waiting until that ends")
        stack = stacks.wait(
            client, stack.id, WaitCallbacks(echo), stacks.last_event(client, stack.id)
        )
    if stack and stack.status != "DELETE_COMPLETE":
        for kind, found in resources(client, stack.id):
            if kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
                disable_deletion_protection(account, found)
        echo(f"deleting {name}")
        stack_operations.delete(client, stack, WaitCallbacks(echo))
    for gone in deleted_stack_ids(client, name):
        for kind, found in resources(client, gone):
            if kind in RETAINED and RETAINED[kind](account, found):
                echo(f"deleted {found}, which the stack had retained")


def deleted_stack_ids(client: Any, name: str) -> list[str]:
    """Ids of deleted stacks of this name. CloudFormation lists them for 90 days."""
    pages = client.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    found = [one for page in pages for one in page["StackSummaries"]]
    return [one["StackId"] for one in found if one["StackName"] == name]


def resources(client: Any, stack_id: str) -> Iterator[tuple[str, str]]:
    """Type and id of each resource of a stack."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    for page in pages:
        for one in page["StackResourceSummaries"]:
            if one.get("PhysicalResourceId"):
                yield one["ResourceType"], one["PhysicalResourceId"]


def disable_deletion_protection(account: Account, balancer: str) -> None:
    """Allow the load balancer to be deleted."""
    client = account.client("elbv2")
    with suppress(client.exceptions.LoadBalancerNotFoundException):
        client.modify_load_balancer_attributes(
            LoadBalancerArn=balancer,
            Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
        )


def delete_bucket(account: Account, name: str) -> bool:
    """Delete a bucket and its objects. Return whether it existed."""
    bucket = account.session.resource("s3").Bucket(name)
    try:
        bucket.object_versions.delete()
        bucket.delete()
    except ClientError as error:
        if error_code(error) == "NoSuchBucket":
            return False
        raise
    return True


def delete_repository(account: Account, name: str) -> bool:
    """Delete a repository and its images. Return whether it existed."""
    client = account.client("ecr")
    try:
        client.delete_repository(repositoryName=name, force=True)
    except client.exceptions.RepositoryNotFoundException:
        return False
    return True


def delete_insights_logs(account: Account, cluster: str) -> bool:
    """Delete the log group of a cluster's Container Insights. Return whether it existed."""
    client = account.client("logs")
    group = f"/aws/ecs/containerinsights/{cluster.rpartition('/')[2]}/performance"
    try:
        client.delete_log_group(logGroupName=group)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


# Resources that outlive their stack and would continue to cost money.
RETAINED: dict[str, Callable[[Account, str], bool]] = {
    "AWS::S3::Bucket": delete_bucket,
    "AWS::ECR::Repository": delete_repository,
    "AWS::ECS::Cluster": delete_insights_logs,
}
