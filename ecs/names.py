"""What things are called in an account: the stacks, and how an image is referred to."""

import re
from dataclasses import dataclass

from ecs.account import Account
from ecs.errors import MissingError, UsageError
from ecs.stacks import Stack, find

BOOTSTRAP = "slipway-bootstrap"
NETWORK = "slipway-network"
SHARED = (NETWORK, BOOTSTRAP)  # by all environments of a region, and removed in this order


@dataclass(frozen=True, slots=True)
class Repository:
    """The images' repository, and the role with which CloudFormation works."""

    uri: str
    name: str
    role: str | None


def service_stack(environment: str) -> str:
    """The stack of an environment; UsageError if it cannot be called so."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", environment):
        raise UsageError(
            f"{environment!r} is no name for an environment: small letters, digits and dashes, "
            "at most 31"
        )
    name = f"slipway-{environment}"
    if name in (BOOTSTRAP, NETWORK):
        raise UsageError(f"{name} is another stack: give the environment another name")
    return name


def all_stacks(account: Account) -> list[str]:
    """The names of all stacks of ours in this region."""
    pages = account.client("cloudformation").get_paginator("describe_stacks").paginate()
    found = [one["StackName"] for page in pages for one in page["Stacks"]]
    return [name for name in found if name.startswith("slipway-")]


def existing(account: Account, name: str) -> Stack:
    """A stack that has to be there; MissingError says where it was looked for."""
    stack = find(account.client("cloudformation"), name)
    if stack is None:
        raise MissingError(
            f"there is no stack {name} in {account.region} of account {account.id}: is that the "
            "right region and account? ecs/deploy makes it"
        )
    return stack


def repository(bootstrap: Stack) -> Repository:
    """Read it from the bootstrap stack."""
    outputs = bootstrap.outputs
    return Repository(
        outputs["RepositoryUri"], outputs["RepositoryName"], outputs.get("CloudFormationRoleArn")
    )


def digest_in(text: str, repository: Repository) -> str:
    """The digest of an image that was given as sha256:… or as repository@sha256:…."""
    before, _, digest = text.rpartition("@")
    if before and before != repository.uri:
        raise UsageError(f"{text} is not in {repository.uri}, where this region's images are")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise UsageError(f"{text!r} is no digest; it must be sha256: and 64 hexadecimal digits")
    return digest
