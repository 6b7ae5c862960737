"""AWS as the commands see it: moto's server, with a stand-in for each thing that it cannot do.

The stand-ins are put into moto's server, so that boto3 asks them by HTTP as it asks AWS. They
record what was asked. Each replaces a part of AWS:

- `_templates`: `Fn::Cidr`, `AWS::NoValue` in lists and two attributes of load balancers.
- `_change_sets`: moto makes a change of a stack at once, never says that it is empty, and fails for
  listeners. The stand-in does to the service what CloudFormation would, or what a test tells it to.
- `_deletion`: moto stumbles over endpoints, and forgets what a deleted stack had. The stand-in
  deletes what tests look at, and not what is protected or retained.
- `_extras`: stopped tasks (moto runs none), service deployments, cancelling an update, drift,
  Fargate's quotas, and the address of an image's layer.
- Load balancers have the address of a service that runs here.
"""

import json
from copy import deepcopy
from functools import cache, partial
from typing import Any

import boto3
import pytest
from moto.cloudformation import parsing
from moto.cloudformation.models import (
    CloudFormationBackend,
    Stack,
)
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.ecr.responses import ECRResponse
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import FakeLoadBalancer
from moto.servicequotas.responses import ServiceQuotasResponse

from ecs import template
from tests.deploying.cloud import Cloud

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)
PARSED = cache(Stack.parse_template)  # a quarter of a second each time otherwise


def install(patch: pytest.MonkeyPatch, cloud: Cloud, address: str) -> None:
    """Put the stand-ins into moto."""
    _templates(patch)
    _change_sets(patch, cloud)
    _deletion(patch, cloud)
    _extras(patch, cloud)
    made = FakeLoadBalancer.__init__

    def make(self: Any, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **{**named, "dns_name": address})

    patch.setattr(FakeLoadBalancer, "__init__", make)


def _templates(patch: pytest.MonkeyPatch) -> None:
    real = parsing.clean_json

    def clean(part: Any, resources: Any) -> Any:
        if isinstance(part, dict) and "Fn::Cidr" in part:
            return template._blocks(real(part["Fn::Cidr"], resources))
        if isinstance(part, dict) and part.get("Fn::GetAtt", [""])[-1].endswith("FullName"):
            return "app/slipway/1"
        cleaned = real(part, resources)
        if isinstance(part, list):
            return [one for one in cleaned if one is not None]
        return cleaned

    patch.setattr(parsing, "clean_json", clean)
    patch.setattr(Stack, "parse_template", staticmethod(lambda text: deepcopy(PARSED(text))))


def _change_sets(patch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    def create(self: Any) -> Any:
        stack = cloud.stack(self._get_param("StackName"))
        asked = self._get_param("Parameters", [])
        given = {
            one["ParameterKey"]: one["ParameterValue"] for one in asked if "ParameterValue" in one
        }
        cloud.requests.append(
            {
                "type": self._get_param("ChangeSetType"),
                "template": self._get_param("TemplateBody"),
                "kept": {one["ParameterKey"] for one in asked} - given.keys(),
                "role": self._get_param("RoleARN"),
            }
        )
        cloud.changes.append(given)
        return ActionResult({"Id": "change-set", "StackId": stack.stack_id})

    def describe(self: Any) -> Any:
        now = cloud.stack(self._get_param("StackName")).resource_map.resolved_parameters
        given = cloud.changes[-1]
        nothing: dict[str, Any] = {"Parameters": {}, "Changes": []}
        if all(_text(now[name]) == value for name, value in given.items()):
            return ActionResult({**nothing, "Status": "FAILED", "StatusReason": NO_CHANGES})
        return ActionResult({**nothing, "Status": "CREATE_COMPLETE"})

    def execute(self: Any) -> Any:
        stack = cloud.stack(self._get_param("StackName"))
        given = cloud.changes[-1]
        stack._add_stack_event("UPDATE_IN_PROGRESS", "User Initiated")
        if cloud.then:
            stack.status = cloud.then(stack)
        else:
            if "ImageUri" in given and stack.name != "slipway-network":
                cloud.run_image(stack, given["ImageUri"])
            stack.resource_map.resolved_parameters.update(given)
            stack.status = "UPDATE_COMPLETE"
        stack._add_stack_event(stack.status)
        return EmptyResult()

    patch.setattr(CloudFormationResponse, "create_change_set", create)
    patch.setattr(CloudFormationResponse, "describe_change_set", describe)
    patch.setattr(CloudFormationResponse, "execute_change_set", execute)
    patch.setattr(CloudFormationResponse, "delete_change_set", lambda self: EmptyResult())


def _deletion(patch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    def delete(backend: Any, name: str) -> None:
        stack = cloud.stack(name)
        made = {one.cf_resource_type: one for one in stack.stack_resources if one}
        balancer = made.get("AWS::ElasticLoadBalancingV2::LoadBalancer")
        if balancer and balancer.attrs["deletion_protection.enabled"] == "true":
            stack.status = "DELETE_FAILED"
            return
        if balancer:
            client = partial(boto3.client, region_name=backend.region_name)
            client("elbv2").delete_load_balancer(LoadBalancerArn=balancer.arn)
            group = made["AWS::Logs::LogGroup"].physical_resource_id
            client("logs").delete_log_group(logGroupName=group)
            service = made["AWS::ECS::Service"]
            client("ecs").delete_service(
                cluster=service.cluster_name, service=service.name, force=True
            )
        stack.status = "DELETE_COMPLETE"
        stack._add_stack_event(stack.status)
        backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)

    patch.setattr(CloudFormationBackend, "delete_stack", delete)


def _extras(patch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    def cancel(self: Any) -> Any:
        stack = cloud.stack(self._get_param("StackName"))
        cloud.cancelled.append(stack.name)
        stack.status = "UPDATE_ROLLBACK_COMPLETE"
        return EmptyResult()

    def drifts(self: Any) -> Any:
        return ActionResult({"StackResourceDrifts": cloud.drifts})

    detected = {"StackDriftDetectionId": "1", "DetectionStatus": "DETECTION_COMPLETE"}
    answers = {
        "cancel_update_stack": cancel,
        "detect_stack_drift": lambda self: ActionResult(detected),
        "describe_stack_drift_detection_status": lambda self: ActionResult(detected),
        "describe_stack_resource_drifts": drifts,
    }
    for name, answer in answers.items():
        patch.setattr(CloudFormationResponse, name, answer, raising=False)

    def layer(self: Any) -> Any:
        architecture = self._get_param("layerDigest").removeprefix("sha256:").rstrip("0")
        config = json.dumps({"os": "linux", "architecture": architecture})
        return json.dumps({"downloadUrl": f"data:application/json,{config}"})

    tasks = EC2ContainerServiceResponse
    patch.setattr(
        tasks,
        "list_tasks",
        lambda self: json.dumps({"taskArns": [task["taskArn"] for task in cloud.stopped]}),
    )
    patch.setattr(tasks, "describe_tasks", lambda self: json.dumps({"tasks": cloud.stopped}))

    def listed(self: Any) -> str:
        since = self._get_param("createdAt")["after"].timestamp()
        wanted = self._get_param("status")
        found = [
            one["serviceDeploymentArn"]
            for one in cloud.ended
            if one["status"] in wanted and one["createdAt"] > since
        ]
        return json.dumps({"serviceDeployments": [{"serviceDeploymentArn": one} for one in found]})

    def described(self: Any) -> str:
        wanted = self._get_param("serviceDeploymentArns")
        found = [one for one in cloud.ended if one["serviceDeploymentArn"] in wanted]
        return json.dumps({"serviceDeployments": found})

    patch.setattr(tasks, "list_service_deployments", listed, raising=False)
    patch.setattr(tasks, "describe_service_deployments", described, raising=False)
    patch.setattr(ECRResponse, "get_download_url_for_layer", layer)

    def quota(self: Any) -> str:
        if cloud.vcpus is None:
            raise JsonRESTError("AccessDeniedException", "no")
        return json.dumps({"Quota": {"Value": cloud.vcpus}})

    patch.setattr(ServiceQuotasResponse, "get_service_quota", quota)


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
