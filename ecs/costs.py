"""Monthly cost of predictions on Fargate and on Lambda, and the rate at which they are equal."""

import math
from dataclasses import dataclass
from functools import cache

from ecs import template
from ecs.prices import HOURS, LISTED, Prices

UTILISATION = 0.6  # share of a task's capacity at which autoscaling adds a task
BALANCER_ZONES = 2
ENDPOINTS = 4  # ecr.api, ecr.dkr, logs, secretsmanager; see ecs/network.yaml
SECONDS_PER_MONTH = 3600 * HOURS
MAX_RATE = 1e5  # requests per second; the search ends here
FULL_CORE_MB = 1769  # memory at which Lambda gives one vCPU


@cache
def sizes() -> dict[str, tuple[float, float]]:
    """Task sizes by their names in ecs/service.yaml: vCPUs and GB."""
    named = template.load("service.yaml")["Mappings"]["Sizes"]
    return {
        name: (int(one["Cpu"]) / 1024, int(one["Memory"]) / 1024) for name, one in named.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case to compare: measured figures of the model, and chosen options."""

    capacity: float  # requests per second of one worker (one vCPU) within the time limit
    latency_ms: float  # of one request on one vCPU
    size: str = "small"
    architecture: str = "ARM64"
    min_tasks: int = 2
    egress: str = "nat"
    lambda_mb: int = FULL_CORE_MB
    http_api: bool = False  # otherwise a function URL, which is free
    cold_share: float = 0.0  # share of requests that wait for a cold start
    cold_ms: float = 0.0
    peak: float = 1.0  # rate of the busiest minute, divided by the mean
    per_connection: float = 100.0  # requests
    request_kb: float = 2.0  # request and response
    prices: Prices = LISTED

    @property
    def task_capacity(self) -> float:
        """Requests per second of a task, in proportion to its vCPUs."""
        return self.capacity * sizes()[self.size][0]


def tasks(case: Case, rate: float) -> int:
    """Number of tasks that run at a mean rate of requests per second."""
    needed = rate * case.peak / (case.task_capacity * UTILISATION)
    return max(case.min_tasks, math.ceil(needed - 1e-9))


def fargate(case: Case, rate: float) -> float:
    """Dollars per month at a mean rate of requests per second."""
    listed = case.prices
    vcpus, gigabytes = sizes()[case.size]
    running = tasks(case, rate)
    hourly = running * (
        vcpus * listed.vcpu(case.architecture) + gigabytes * listed.gb(case.architecture)
    )
    hourly += egress_hour(case, running)
    hourly += listed.balancer + BALANCER_ZONES * listed.public_address
    hourly += capacity_units(case, rate) * listed.capacity_unit
    return HOURS * hourly


def egress_hour(case: Case, running: int) -> float:
    """Dollars per hour for the tasks' outbound traffic, without its (small) volume."""
    if case.egress == "public":
        return running * case.prices.public_address
    if case.egress == "endpoints":
        return ENDPOINTS * BALANCER_ZONES * case.prices.endpoint
    return case.prices.nat + case.prices.public_address


def capacity_units(case: Case, rate: float) -> float:
    """The load balancer's capacity units (LCU): AWS bills the largest dimension."""
    connections = rate / case.per_connection
    return max(connections / 25, connections * 60 / 3000, rate * case.request_kb * 3600 / 1e6)


def function(case: Case, rate: float) -> float:
    """Dollars per month on Lambda at a mean rate. Its CPU is proportional to its memory."""
    slower = max(1.0, FULL_CORE_MB / case.lambda_mb)
    busy_ms = math.ceil(case.latency_ms * slower) + case.cold_share * case.cold_ms
    gb_second = case.prices.lambda_gb(case.architecture)
    each = case.prices.lambda_request + case.lambda_mb / 1024 * busy_ms / 1000 * gb_second
    if case.http_api:
        each += case.prices.http_api_request
    return rate * SECONDS_PER_MONTH * each


def break_even(case: Case) -> float | None:
    """The rate above which Fargate is always cheaper; None if there is none.

    Each additional task is a step in cost, after which Lambda may be cheaper again. So the search
    goes downwards to the last rate at which Lambda is cheaper, and then bisects.
    """
    rate = MAX_RATE
    if fargate(case, rate) >= function(case, rate):
        return None
    while fargate(case, rate) < function(case, rate):
        rate /= 1.001
    below, above = rate, rate * 1.001
    for _ in range(60):
        middle = (below + above) / 2
        if fargate(case, middle) < function(case, middle):
            above = middle
        else:
            below = middle
    return above
