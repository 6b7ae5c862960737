"""Remove an environment, and with the last one all that stood before it, so that nothing bills."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from ecs import changes, names, stacks
from ecs.account import Account, code_of
from ecs.stacks import Tell, Waiting


def to_remove(account: Account, name: str) -> list[str]:
    """The stacks to remove, in this order: the shared ones only with the last environment."""
    there = names.all_stacks(account)
    others = [one for one in there if one not in (*names.SHARED, name)]
    return [one for one in (name, *names.SHARED) if one in there and (one == name or not others)]


def remove(account: Account, name: str, tell: Tell) -> None:
    """Delete a stack, if it is there, and then what it left behind; FailedError if that fails."""
    client = account.client("cloudformation")
    stack = stacks.find(client, name)
    if stack and stack.busy:
        tell(f"{name} is busy ({stack.status}): waiting until that ends")
        stack = stacks.wait(client, stack.id, Waiting(tell), stacks.last_event(client, stack.id))
    if stack and stack.status != "DELETE_COMPLETE":
        for kind, found in resources(client, stack.id):
            if kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
                unprotect(account, found)
        tell(f"deleting {name}")
        changes.delete(client, stack, Waiting(tell))
    for gone in deleted(client, name):
        for kind, found in resources(client, gone):
            if kind in LEFT_BEHIND and LEFT_BEHIND[kind](account, found):
                tell(f"deleted {found}, which the stack had left")


def deleted(client: Any, name: str) -> list[str]:
    """The ids of stacks of that name that were deleted; CloudFormation knows them for 90 days."""
    pages = client.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    found = [one for page in pages for one in page["StackSummaries"]]
    return [one["StackId"] for one in found if one["StackName"] == name]


def resources(client: Any, stack_id: str) -> Iterator[tuple[str, str]]:
    """Kind and id of each resource of a stack."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    for page in pages:
        for one in page["StackResourceSummaries"]:
            if one.get("PhysicalResourceId"):
                yield one["ResourceType"], one["PhysicalResourceId"]


def unprotect(account: Account, balancer: str) -> None:
    """Let a load balancer be deleted."""
    client = account.client("elbv2")
    with suppress(client.exceptions.LoadBalancerNotFoundException):
        client.modify_load_balancer_attributes(
            LoadBalancerArn=balancer,
            Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
        )


def remove_bucket(account: Account, name: str) -> bool:
    """Delete a bucket with all that is in it; whether it was there."""
    bucket = account.session.resource("s3").Bucket(name)
    try:
        bucket.object_versions.delete()
        bucket.delete()
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return False
        raise
    return True


def remove_repository(account: Account, name: str) -> bool:
    """Delete a repository with all its images; whether it was there."""
    client = account.client("ecr")
    try:
        client.delete_repository(repositoryName=name, force=True)
    except client.exceptions.RepositoryNotFoundException:
        return False
    return True


def remove_insights(account: Account, cluster: str) -> bool:
    """Delete the log group that Container Insights made for a cluster; whether it was there."""
    client = account.client("logs")
    group = f"/aws/ecs/containerinsights/{cluster.rpartition('/')[2]}/performance"
    try:
        client.delete_log_group(logGroupName=group)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


# What bills on without its stack.
LEFT_BEHIND: dict[str, Callable[[Account, str], bool]] = {
    "AWS::S3::Bucket": remove_bucket,
    "AWS::ECR::Repository": remove_repository,
    "AWS::ECS::Cluster": remove_insights,
}
