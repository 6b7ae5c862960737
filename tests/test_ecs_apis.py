"""AWS' own APIs, as far as moto has them, take what the templates say and give it back.

moto's CloudFormation drops most properties, so each resource is made by its own API. What moto
does not keep of a request botocore still checks: unknown names and wrong types never leave it.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from ecs import render
from ecs.template import PSEUDO, resolve
from tests.support.aws import Client, assert_kept
from tests.support.resolved import DEMO, SERVICE, TLS

EXECUTION = "arn:aws:iam::123456789012:role/start"


@dataclass(frozen=True, slots=True)
class Place:
    """What there must be before a service: names of resources as the account has them."""

    parameters: dict[str, Any]
    known: dict[str, str]

    def properties(self, name: str, **changed: Any) -> dict[str, Any]:
        """What a resource of service.yaml is made with here."""
        resolved = resolve(SERVICE, {**self.parameters, **changed}, self.known)
        return dict(resolved["Resources"][name]["Properties"])


@pytest.fixture(scope="module")
def place(aws: Client) -> Place:
    """A VPC, and in it the load balancer, the target group and the listener of service.yaml."""
    ec2, elb = aws("ec2"), aws("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    groups = [
        ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"]
        for name in ("web", "tasks")
    ]
    joined = ",".join(subnets)
    given = {**DEMO, "VpcId": vpc, "PublicSubnetIds": joined, "TaskSubnetIds": joined}
    names = ("LoadBalancerSecurityGroup.GroupId", "TaskSecurityGroup.GroupId")
    known = {**PSEUDO, **dict(zip(names, groups, strict=True)), "Cluster": "slipway-production"}
    known |= {"ExecutionRole.Arn": EXECUTION, "TaskRole.Arn": EXECUTION, "LogGroup": "/ecs/x"}
    made = Place(given, known)
    wanted = made.properties("LoadBalancer")
    del wanted["LoadBalancerAttributes"], wanted["Tags"]
    [balancer] = elb.create_load_balancer(Name="slipway", **wanted)["LoadBalancers"]
    wanted = made.properties("TargetGroup")
    del wanted["TargetGroupAttributes"]
    [group] = elb.create_target_group(Name="slipway", **wanted)["TargetGroups"]
    assert_kept(wanted, group)
    known["LoadBalancer"], known["TargetGroup"] = (
        balancer["LoadBalancerArn"],
        group["TargetGroupArn"],
    )
    known["LoadBalancer.LoadBalancerFullName"] = balancer["LoadBalancerArn"].split(
        ":loadbalancer/"
    )[1]
    known["TargetGroup.TargetGroupFullName"] = group["TargetGroupArn"].split(":")[-1]
    wanted = made.properties("HttpListener")
    del wanted["ListenerAttributes"]
    elb.create_listener(**wanted)
    return made


@pytest.mark.parametrize("name", ["LoadBalancer", "TargetGroup"])
def test_attributes_of_the_load_balancer_are_known_and_kept(
    aws: Client, place: Place, name: str
) -> None:
    elb, kind = aws("elbv2"), {"LoadBalancer": "load_balancer", "TargetGroup": "target_group"}[name]
    arn = {f"{name}Arn": place.known[name]}
    wanted = place.properties(name, AccessLogs="false")[f"{name}Attributes"]
    getattr(elb, f"modify_{kind}_attributes")(**arn, Attributes=wanted)
    found = getattr(elb, f"describe_{kind}_attributes")(**arn)["Attributes"]
    kept = {one["Key"]: one["Value"] for one in found}
    assert_kept({one["Key"]: one["Value"] for one in wanted}, kept)


@pytest.mark.parametrize("name", ["LoadBalancer", "TargetGroup", "Listener"])
def test_every_attribute_is_one_that_aws_documents(aws: Client, name: str) -> None:
    """For some of them moto takes any name, AWS does not."""
    shape = aws("elbv2").meta.service_model.shape_for(f"{name}Attribute")
    documented = shape.members["Key"].documentation
    resources = resolve(SERVICE, TLS)["Resources"].values()
    listed = [
        one["Key"]
        for resource in resources
        for one in resource["Properties"].get(f"{name}Attributes", [])
    ]
    assert len(listed) >= 3
    assert [key for key in listed if f"<code>{key}</code>" not in documented] == []


@pytest.fixture(scope="module")
def running(aws: Client, place: Place) -> Place:
    """The place with a cluster, a task definition and a service named app."""
    ecs = aws("ecs")
    cluster = render.as_api(place.properties("Cluster"))
    cluster["settings"] = cluster.pop("clusterSettings")
    ecs.create_cluster(**cluster)
    task = render.as_api(place.properties("TaskDefinition"))
    arn = ecs.register_task_definition(**task)["taskDefinition"]["taskDefinitionArn"]
    names = {"TaskDefinition": arn, "Service.Name": "app"}
    made = Place(place.parameters, {**place.known, **names})
    ecs.create_service(serviceName="app", **render.as_api(made.properties("Service", SpotWeight=3)))
    return made


def described(aws: Client, place: Place) -> dict[str, Any]:
    cluster = place.known["Cluster"]
    [found] = aws("ecs").describe_services(cluster=cluster, services=["app"])["services"]
    return dict(found)


def test_a_service_is_made_as_the_template_says(aws: Client, running: Place) -> None:
    sent = render.as_api(running.properties("Service"))
    kept = ("taskDefinition", "loadBalancers", "networkConfiguration", "propagateTags")
    assert_kept({name: sent[name] for name in kept}, described(aws, running))


def test_an_update_changes_the_task_and_not_the_number_of_tasks(
    aws: Client, running: Place
) -> None:
    ecs, before = aws("ecs"), described(aws, running)
    task = render.as_api(running.properties("TaskDefinition", Size="large"))
    arn = ecs.register_task_definition(**task)["taskDefinition"]["taskDefinitionArn"]
    sent = render.as_api(running.properties("Service"))
    only_made = ("loadBalancers", "propagateTags", "enableECSManagedTags", "tags", "taskDefinition")
    update = {name: value for name, value in sent.items() if name not in only_made}
    ecs.update_service(service="app", taskDefinition=arn, **update)
    after = described(aws, running)
    assert after["taskDefinition"] == arn != before["taskDefinition"]
    assert after["desiredCount"] == before["desiredCount"]
    ecs.update_service(service="app", taskDefinition=before["taskDefinition"], **update)
    assert described(aws, running)["taskDefinition"] == before["taskDefinition"]


def test_scaling_is_taken_and_kept(aws: Client, running: Place) -> None:
    scaling = aws("application-autoscaling")
    target = running.properties("ScalableTarget", OfficeHoursMinTasks=4)
    actions = target.pop("ScheduledActions")
    scaling.register_scalable_target(**target)
    which = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    assert which["ResourceId"] == "service/slipway-production/app"
    assert_kept(
        [target], scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    )
    for action in actions:
        scaling.put_scheduled_action(**which, **action)
    assert_kept(
        actions, scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    )
    for name in ("CpuScaling", "RequestScaling"):
        policy = running.properties(name)
        del policy["ScalingTargetId"]
        scaling.put_scaling_policy(**which, **policy)
        found = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
        assert_kept([policy], [one for one in found if one["PolicyName"] == policy["PolicyName"]])


def test_alarms_and_the_dashboard_are_taken_and_kept(aws: Client, place: Place) -> None:
    watch, resources = aws("cloudwatch"), SERVICE["Resources"]
    names = [name for name, one in resources.items() if one["Type"] == "AWS::CloudWatch::Alarm"]
    for name in names:
        wanted = place.properties(name)
        watch.put_metric_alarm(AlarmName=name, **wanted)
        [found] = watch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        wanted.pop("WarmUpConfiguration", None)  # moto 5.2.5 drops it
        assert_kept(wanted, found)
    watch.put_dashboard(**place.properties("Dashboard"))
    logs = aws("logs")
    logs.create_log_group(logGroupName=place.known["LogGroup"])
    for name in ("FaultsFilter", "ShedFilter", "OutOfMemoryFilter", "DriftFilter"):
        wanted = render.as_api(place.properties(name))
        logs.put_metric_filter(filterName=name, **wanted)
        [found] = logs.describe_metric_filters(
            logGroupName=place.known["LogGroup"], filterNamePrefix=name
        )["metricFilters"]
        assert found["filterPattern"] == wanted["filterPattern"]
