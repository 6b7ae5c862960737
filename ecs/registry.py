"""Images in ECR: their digests and platforms."""

import json
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecs.account import Account
from ecs.errors import MissingError, UnavailableError, UsageError

MEDIA_TYPES = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
]
TIMEOUT_SECONDS = 30.0
ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Image:
    """An image in the repository. ECS cannot start an archived one before it is restored."""

    digest: str
    tags: tuple[str, ...]
    pushed: datetime
    is_archived: bool = False


def digest_of(account: Account, repository: str, tag: str) -> str | None:
    """Digest of the image with this tag; None if there is none."""
    client = account.client("ecr")
    try:
        [found] = client.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])[
            "imageDetails"
        ]
    except client.exceptions.ImageNotFoundException:
        return None
    return str(found["imageDigest"])


def images(account: Account, repository: str) -> list[Image]:
    """All images of the repository, newest first, including archived ones."""
    pages = account.client("ecr").get_paginator("describe_images")
    found = [
        Image(
            one["imageDigest"],
            tuple(one.get("imageTags", ())),
            one["imagePushedAt"],
            one.get("imageStatus", ACTIVE) != ACTIVE,
        )
        for page in pages.paginate(repositoryName=repository, filter={"imageStatus": "ANY"})
        for one in page["imageDetails"]
    ]
    return sorted(found, key=lambda image: image.pushed, reverse=True)


def platform_of(account: Account, repository: str, digest: str) -> set[str]:
    """Platforms of an image, like linux/arm64; MissingError if the image does not exist."""
    client = account.client("ecr")
    found = client.batch_get_image(
        repositoryName=repository,
        imageIds=[{"imageDigest": digest}],
        acceptedMediaTypes=MEDIA_TYPES,
    )["images"]
    if not found:
        raise MissingError(
            f"{digest} is not in {repository} in {account.region}; slipway rollback --list shows "
            "the images"
        )
    manifest = json.loads(found[0]["imageManifest"])
    if "manifests" in manifest:  # one image for several platforms
        return {_name(one["platform"]) for one in manifest["manifests"] if "platform" in one}
    url = client.get_download_url_for_layer(
        repositoryName=repository, layerDigest=manifest["config"]["digest"]
    )["downloadUrl"]
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 (ECR's own)
            return {_name(json.load(response))}
    except OSError as error:
        raise UnavailableError(f"the configuration of {digest} cannot be read: {error}") from error


def check_platform(account: Account, repository: str, digest: str, platform: str) -> None:
    """Raise UsageError if Fargate could not start the image on this platform."""
    platforms = platform_of(account, repository, digest)
    if platform not in platforms:
        raise UsageError(
            f"{digest} is for {', '.join(sorted(platforms))}, but the tasks are {platform}: "
            "it would fail with exec format error"
        )


def _name(config: dict[str, Any]) -> str:
    return f"{config['os']}/{config['architecture']}"
