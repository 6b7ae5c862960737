"""What has to be so before a deployment can succeed, each looked at by itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from ecs import containers, registry
from ecs.account import DENIED, Account, code_of
from ecs.errors import EcsError
from ecs.names import Repository

FARGATE_VCPUS = ("fargate", "L-3032A538")
BALANCERS = ("elasticloadbalancing", "L-53DA6B97")
RENEWAL = timedelta(days=14)
FREE_ADDRESSES = 8  # of each of the load balancer's subnets


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: `good` is None where it could not be told."""

    what: str
    good: bool | None
    told: str

    def __str__(self) -> str:
        """One line for people."""
        mark = {True: "ok", False: "WRONG", None: "?"}[self.good]
        return f"{mark:6} {self.what:12} {self.told}"


Check = Callable[[], Iterator[Found]]


def looked(what: str, check: Check) -> Iterator[Found]:
    """What a check found; what AWS does not let it see is unknown, not wrong."""
    try:
        yield from check()
    except ClientError as error:
        good = None if code_of(error) in DENIED else False
        yield Found(what, good, f"cannot be told: {code_of(error)} for {error.operation_name}")
    except EcsError as error:
        yield Found(what, False, str(error))


def engine(platform: str) -> Iterator[Found]:
    """Whether an image for the tasks can be built here."""
    good = containers.emulated(platform)
    told = f"docker builds for {platform}" if good else containers.remedy(platform)
    yield Found("engine", good, told)


def checkout() -> Iterator[Found]:
    """Whether an image would be of a commit."""
    changed = containers.changed()
    told = f"{len(changed)} files are not as committed" if changed else containers.commit()
    yield Found("checkout", not changed, told)


def image(account: Account, repository: Repository, uri: str, platform: str) -> Iterator[Found]:
    """Whether the image is there, and for the tasks' platform."""
    digest = uri.rpartition("@")[2]
    registry.check(account, repository.name, digest, platform)
    yield Found("image", True, f"{digest} is for {platform}")


def certificate(account: Account, arn: str) -> Iterator[Found]:
    """Whether the load balancer can use it."""
    region = arn.split(":")[3]
    if region != account.region:
        told = f"it is in {region}; a load balancer wants one in {account.region}"
        yield Found("certificate", False, told)
        return
    found = account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if found["Status"] != "ISSUED":
        yield Found("certificate", False, f"{found['Status']}: ACM must have issued it first")
        return
    ends = found["NotAfter"]
    good = ends > datetime.now(UTC) + RENEWAL
    yield Found("certificate", good, f"{found['DomainName']}, valid until {ends:%Y-%m-%d}")


def subnets(account: Account, parameters: Mapping[str, str]) -> Iterator[Found]:
    """Whether they are of one VPC, in two zones, with addresses to spare and a way out."""
    client = account.client("ec2")
    for name in ("PublicSubnetIds", "TaskSubnetIds"):
        ids = parameters[name].split(",")
        found = client.describe_subnets(SubnetIds=ids)["Subnets"]
        zones = {one["AvailabilityZone"] for one in found}
        strange = [one["SubnetId"] for one in found if one["VpcId"] != parameters["VpcId"]]
        full = [one["SubnetId"] for one in found if one["AvailableIpAddressCount"] < FREE_ADDRESSES]
        if strange:
            yield Found("subnets", False, f"{name}: {strange[0]} is not in {parameters['VpcId']}")
        elif len(zones) < 2:
            yield Found("subnets", False, f"{name}: all in {zones.pop()}; take two zones")
        elif full:
            yield Found(
                "subnets", False, f"{name}: {full[0]} has less than {FREE_ADDRESSES} addresses left"
            )
        else:
            yield Found("subnets", True, f"{name}: {len(found)} in {', '.join(sorted(zones))}")
    for subnet in parameters["PublicSubnetIds"].split(","):
        if not _to_internet(client, subnet, parameters["VpcId"]):
            yield Found("subnets", False, f"{subnet} has no route to an internet gateway")


def secret(account: Account, arn: str) -> Iterator[Found]:
    """Whether the tasks will find the digests of the API keys."""
    found = account.client("secretsmanager").describe_secret(SecretId=arn)
    if found.get("DeletedDate"):
        yield Found("secret", False, f"{found['Name']} is going to be deleted")
        return
    yield Found("secret", True, f"{found['Name']} is there")


def quotas(account: Account, vcpus: float, new: bool) -> Iterator[Found]:
    """Whether the account may run as many vCPUs as the most tasks have, and a load balancer."""
    client = account.client("service-quotas")

    def most(quota: tuple[str, str]) -> float:
        service, code = quota
        found = client.get_service_quota(ServiceCode=service, QuotaCode=code)
        return float(found["Quota"]["Value"])

    allowed = most(FARGATE_VCPUS)
    told = f"{allowed:g} vCPUs on Fargate, of which MaxTasks would take {vcpus:g}"
    yield Found("quota", allowed >= vcpus, told)
    if new:
        pages = account.client("elbv2").get_paginator("describe_load_balancers").paginate()
        there = sum(len(page["LoadBalancers"]) for page in pages)
        allowed = most(BALANCERS)
        told = f"{allowed:g} load balancers, of which {there} are there"
        yield Found("quota", there < allowed, told)


def _to_internet(client: Any, subnet: str, vpc: str) -> bool:
    tables = client.describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": [subnet]}]
    )["RouteTables"]
    tables = (
        tables
        or client.describe_route_tables(
            Filters=[
                {"Name": "vpc-id", "Values": [vpc]},
                {"Name": "association.main", "Values": ["true"]},
            ]
        )["RouteTables"]
    )
    return any(
        route.get("GatewayId", "").startswith("igw-")
        for table in tables
        for route in table["Routes"]
    )
