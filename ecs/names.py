"""Names of the stacks, and how they refer to an image."""

import re
from dataclasses import dataclass

from ecs.account import Account
from ecs.errors import MissingError, UsageError
from ecs.stacks import Stack, find

BOOTSTRAP = "slipway-bootstrap"
NETWORK = "slipway-network"
SHARED = (NETWORK, BOOTSTRAP)  # all environments of a region use them; deleted in this order


@dataclass(frozen=True, slots=True)
class Repository:
    """The images' repository, and the role that CloudFormation assumes."""

    uri: str
    name: str
    role: str | None


def service_stack_name(environment: str) -> str:
    """Name of an environment's stack; UsageError if the name is not allowed."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", environment):
        raise UsageError(
            f"{environment!r} is not a valid environment name: use lower-case letters, digits and "
            "dashes, at most 31"
        )
    name = f"slipway-{environment}"
    if name in (BOOTSTRAP, NETWORK):
        raise UsageError(f"{name} is another stack: choose another name for the environment")
    return name


def list_stacks(account: Account) -> list[str]:
    """Names of Slipway's stacks in this region."""
    pages = account.client("cloudformation").get_paginator("describe_stacks").paginate()
    found = [one["StackName"] for page in pages for one in page["Stacks"]]
    return [name for name in found if name.startswith("slipway-")]


def require_stack(account: Account, name: str) -> Stack:
    """Return a stack; MissingError if it does not exist."""
    stack = find(account.client("cloudformation"), name)
    if stack is None:
        raise MissingError(
            f"there is no stack {name} in {account.region} of account {account.id}: check the "
            "region and the account, or create it with slipway deploy"
        )
    return stack


def repository(bootstrap: Stack) -> Repository:
    """Read the repository from the bootstrap stack."""
    outputs = bootstrap.outputs
    return Repository(
        outputs["RepositoryUri"], outputs["RepositoryName"], outputs.get("CloudFormationRoleArn")
    )


def parse_digest(text: str, repository: Repository) -> str:
    """Digest of an image given as sha256:… or as repository@sha256:…."""
    before, _, digest = text.rpartition("@")
    if before and before != repository.uri:
        raise UsageError(f"{text} is not in {repository.uri}, which has this region's images")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise UsageError(f"{text!r} is not a digest; it must be sha256: and 64 hexadecimal digits")
    return digest
