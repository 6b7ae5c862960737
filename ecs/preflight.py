"""Checks of what a deployment requires. Each runs independently of the others."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from ecs import containers, registry
from ecs.account import DENIED, Account, error_code
from ecs.errors import EcsError
from ecs.names import Repository

FARGATE_VCPUS = ("fargate", "L-3032A538")
BALANCERS = ("elasticloadbalancing", "L-53DA6B97")
RENEWAL = timedelta(days=14)
FREE_ADDRESSES = 8  # a load balancer requires so many in each subnet


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check. `passed` is None if it could not be determined."""

    name: str
    passed: bool | None
    detail: str

    def __str__(self) -> str:
        """The result as one line of text."""
        mark = {True: "ok", False: "WRONG", None: "?"}[self.passed]
        return f"{mark:6} {self.name:12} {self.detail}"


Check = Callable[[], Iterator[CheckResult]]


def run_check(name: str, check: Check) -> Iterator[CheckResult]:
    """Yield a check's results. If AWS denies access, the result is unknown, not wrong."""
    try:
        yield from check()
    except ClientError as error:
        passed = None if error_code(error) in DENIED else False
        detail = f"unknown: {error_code(error)} for {error.operation_name}"
        yield CheckResult(name, passed, detail)
    except EcsError as error:
        yield CheckResult(name, False, str(error))


def engine(platform: str) -> Iterator[CheckResult]:
    """Check that this engine can build an image for the tasks' platform."""
    passed = containers.supports(platform)
    detail = f"docker builds for {platform}" if passed else containers.remedy(platform)
    yield CheckResult("engine", passed, detail)


def checkout() -> Iterator[CheckResult]:
    """Check that the image would be built from a commit."""
    changed = containers.changed_files()
    detail = f"{len(changed)} files are not committed" if changed else containers.commit()
    yield CheckResult("checkout", not changed, detail)


def image(
    account: Account, repository: Repository, uri: str, platform: str
) -> Iterator[CheckResult]:
    """Check that the image exists and is for the tasks' platform."""
    digest = uri.rpartition("@")[2]
    registry.check_platform(account, repository.name, digest, platform)
    yield CheckResult("image", True, f"{digest} is for {platform}")


def certificate(account: Account, arn: str) -> Iterator[CheckResult]:
    """Check that the load balancer can use the certificate."""
    region = arn.split(":")[3]
    if region != account.region:
        detail = f"it is in {region}; the load balancer requires one in {account.region}"
        yield CheckResult("certificate", False, detail)
        return
    found = account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if found["Status"] != "ISSUED":
        yield CheckResult("certificate", False, f"{found['Status']}: ACM must issue it first")
        return
    ends = found["NotAfter"]
    passed = ends > datetime.now(UTC) + RENEWAL
    yield CheckResult("certificate", passed, f"{found['DomainName']}, valid until {ends:%Y-%m-%d}")


def subnets(account: Account, parameters: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check that the subnets are in one VPC and two zones, with free addresses and a route out."""
    client = account.client("ec2")
    for name in ("PublicSubnetIds", "TaskSubnetIds"):
        ids = parameters[name].split(",")
        found = client.describe_subnets(SubnetIds=ids)["Subnets"]
        zones = {one["AvailabilityZone"] for one in found}
        foreign = [one["SubnetId"] for one in found if one["VpcId"] != parameters["VpcId"]]
        full = [one["SubnetId"] for one in found if one["AvailableIpAddressCount"] < FREE_ADDRESSES]
        if foreign:
            yield CheckResult(
                "subnets", False, f"{name}: {foreign[0]} is not in {parameters['VpcId']}"
            )
        elif len(zones) < 2:
            yield CheckResult(
                "subnets", False, f"{name}: all in {zones.pop()}; two zones are required"
            )
        elif full:
            yield CheckResult(
                "subnets",
                False,
                f"{name}: {full[0]} has fewer than {FREE_ADDRESSES} free addresses",
            )
        else:
            yield CheckResult(
                "subnets", True, f"{name}: {len(found)} in {', '.join(sorted(zones))}"
            )
    for subnet in parameters["PublicSubnetIds"].split(","):
        if not _routes_to_internet(client, subnet, parameters["VpcId"]):
            yield CheckResult("subnets", False, f"{subnet} has no route to an internet gateway")


def secret(account: Account, arn: str) -> Iterator[CheckResult]:
    """Check that the secret with the digests of the API keys exists."""
    found = account.client("secretsmanager").describe_secret(SecretId=arn)
    if found.get("DeletedDate"):
        yield CheckResult("secret", False, f"{found['Name']} is scheduled for deletion")
        return
    yield CheckResult("secret", True, f"{found['Name']} exists")


def quotas(account: Account, vcpus: float, new: bool) -> Iterator[CheckResult]:
    """Check the quotas of vCPUs, for the largest number of tasks, and of load balancers."""
    client = account.client("service-quotas")

    def limit(quota: tuple[str, str]) -> float:
        service, code = quota
        found = client.get_service_quota(ServiceCode=service, QuotaCode=code)
        return float(found["Quota"]["Value"])

    allowed = limit(FARGATE_VCPUS)
    detail = f"{allowed:g} vCPUs on Fargate; MaxTasks requires {vcpus:g}"
    yield CheckResult("quota", allowed >= vcpus, detail)
    if new:
        pages = account.client("elbv2").get_paginator("describe_load_balancers").paginate()
        there = sum(len(page["LoadBalancers"]) for page in pages)
        allowed = limit(BALANCERS)
        detail = f"{allowed:g} load balancers; {there} exist"
        yield CheckResult("quota", there < allowed, detail)


def _routes_to_internet(client: Any, subnet: str, vpc: str) -> bool:
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
