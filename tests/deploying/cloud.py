"""An AWS account inside of moto, which a test may look into."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from moto.cloudformation.models import (
    cloudformation_backends,
)
from moto.ecs.models import ecs_backends

from ecs import registry
from ecs.commands import deploy

ACCOUNT = "123456789012"
REGION = "eu-west-1"
ELSEWHERE = "us-east-1"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/slipway"


@dataclass(slots=True)
class Cloud:
    """The emulated cloud: what tests inspect, and faults that they request."""

    changes: list[dict[str, str]] = field(default_factory=list)  # parameters of each change set
    requests: list[dict[str, Any]] = field(default_factory=list)  # each requested change set
    cancelled: list[str] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)  # tasks
    ended: list[dict[str, Any]] = field(default_factory=list)  # service deployments
    drifts: list[dict[str, Any]] = field(default_factory=list)
    vcpus: float | None = 1000.0  # None where one may not ask
    then: "Callable[[Any], str] | None" = None  # what executing does; the status that it ends with

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    def stack(self, name: str = "slipway-production") -> Any:
        """A stack inside of moto, of which a test may change what the API cannot."""
        found = [
            stack
            for region in (REGION, ELSEWHERE)
            for stack in (
                *cloudformation_backends[ACCOUNT][region].stacks.values(),
                *cloudformation_backends[ACCOUNT][region].deleted_stacks.values(),
            )
            if name in (stack.name, stack.stack_id)
        ]
        return found[0]

    def service(self, cluster: str = "slipway-production") -> Any:
        services = ecs_backends[ACCOUNT][REGION].services.values()
        [found] = [one for one in services if one.cluster_name == cluster]
        return found

    def push(self, tag: str, architecture: str = "arm64", region: str = REGION) -> str:
        """Put an image into ECR as `docker push` would; its digest."""
        config = f"sha256:{architecture.ljust(64, '0')}"
        layers = [{"digest": f"sha256:{tag}", "size": 1}]
        manifest = {
            "schemaVersion": 2,
            "mediaType": registry.MEDIA_TYPES[0],
            "config": {"digest": config, "size": 1},
            "layers": layers,
        }
        put = boto3.client("ecr", region_name=region).put_image(
            repositoryName="slipway", imageTag=tag, imageManifest=json.dumps(manifest)
        )
        return str(put["image"]["imageId"]["imageDigest"])

    def serve(self, task_definition: str, cluster: str = "slipway-production") -> None:
        """Let the service run it; moto's own update leaves its deployment as it was."""
        service = self.service(cluster)
        service.task_definition = task_definition
        service.deployments[0]["taskDefinition"] = task_definition

    def run_image(self, stack: Any, image: str) -> None:
        """Register a task definition with this image and let the service run it, as an update."""
        client = self.client("ecs")
        service = self.service(stack.name)
        now = client.describe_task_definition(taskDefinition=service.task_definition)
        [container] = now["taskDefinition"]["containerDefinitions"]
        made = client.register_task_definition(
            family=stack.name,
            containerDefinitions=[{**container, "image": image}],
            memory="2048",
        )
        arn = made["taskDefinition"]["taskDefinitionArn"]
        self.serve(arn, stack.name)
        client.deregister_task_definition(taskDefinition=now["taskDefinition"]["taskDefinitionArn"])
        stack.output_map["TaskDefinitionArn"].value = arn


def again(artifact: Path, *arguments: str, image: str) -> int:
    """Run ecs/deploy with an image that was pushed already."""
    return deploy.main(["--image", image, "--artifact", str(artifact), *arguments])
