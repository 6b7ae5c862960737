"""What a month of predictions costs on Fargate and on Lambda, and where they cost the same."""

import math
from dataclasses import dataclass
from functools import cache

from ecs import prices, template

UTILISATION = 0.6  # of a task's capacity, at which autoscaling adds another
BALANCER_ZONES = 2
ENDPOINTS = 4  # ecr.api, ecr.dkr, logs, secretsmanager; see ecs/network.yaml
SECONDS = 3600 * prices.HOURS
MOST = 1e5  # requests per second, beyond which nobody need look
FULL_CORE_MB = 1769  # memory at which Lambda gives one vCPU


@cache
def sizes() -> dict[str, tuple[float, float]]:
    """Tasks by the names that ecs/service.yaml has for them: vCPUs and GB."""
    named = template.load("service.yaml")["Mappings"]["Sizes"]
    return {
        name: (int(one["Cpu"]) / 1024, int(one["Memory"]) / 1024) for name, one in named.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is compared: measured of the model, chosen of the rest."""

    capacity: float  # requests per second that one worker (one vCPU) answers in time
    latency_ms: float  # of one request on one vCPU
    size: str = "small"
    architecture: str = "ARM64"
    min_tasks: int = 2
    egress: str = "nat"
    lambda_mb: int = FULL_CORE_MB
    http_api: bool = False  # else a function URL, which costs nothing on top
    cold_share: float = 0.0  # of requests that start a container first
    cold_ms: float = 0.0
    peak: float = 1.0  # busiest minute over the mean
    per_connection: float = 100.0  # requests
    request_kb: float = 2.0  # with its answer

    @property
    def task_capacity(self) -> float:
        """Requests per second of a task: one worker for each vCPU, and less for less than one."""
        return self.capacity * sizes()[self.size][0]


def tasks(case: Case, rate: float) -> int:
    """How many tasks run at a mean rate."""
    needed = rate * case.peak / (case.task_capacity * UTILISATION)
    return max(case.min_tasks, math.ceil(needed - 1e-9))


def fargate(case: Case, rate: float) -> float:
    """Dollars a month at a mean rate of requests per second."""
    compute = prices.COMPUTE[case.architecture]
    vcpus, gigabytes = sizes()[case.size]
    running = tasks(case, rate)
    hourly = running * (vcpus * compute.vcpu_hour + gigabytes * compute.gb_hour)
    hourly += egress_hour(case.egress, running)
    hourly += prices.BALANCER_HOUR + BALANCER_ZONES * prices.PUBLIC_ADDRESS_HOUR
    hourly += capacity_units(case, rate) * prices.CAPACITY_UNIT_HOUR
    return prices.HOURS * hourly


def egress_hour(egress: str, running: int) -> float:
    """Dollars an hour for the tasks' way out; what they send through it is little."""
    if egress == "public":
        return running * prices.PUBLIC_ADDRESS_HOUR
    if egress == "endpoints":
        return ENDPOINTS * BALANCER_ZONES * prices.ENDPOINT_HOUR
    return prices.NAT_HOUR + prices.PUBLIC_ADDRESS_HOUR


def capacity_units(case: Case, rate: float) -> float:
    """The load balancer's units (LCU): the one that is used most is what counts."""
    connections = rate / case.per_connection
    return max(connections / 25, connections * 60 / 3000, rate * case.request_kb * 3600 / 1e6)


def function(case: Case, rate: float) -> float:
    """Dollars a month on Lambda at a mean rate. It computes in proportion to its memory."""
    slower = max(1.0, FULL_CORE_MB / case.lambda_mb)
    busy_ms = math.ceil(case.latency_ms * slower) + case.cold_share * case.cold_ms
    compute = prices.COMPUTE[case.architecture].lambda_gb_second
    each = prices.LAMBDA_REQUEST + case.lambda_mb / 1024 * busy_ms / 1000 * compute
    if case.http_api:
        each += prices.HTTP_API_REQUEST
    return rate * SECONDS * each


def break_even(case: Case) -> float | None:
    """The rate from which Fargate stays cheaper; None if there is none.

    Each further task is a step, after which Lambda may be cheaper again for a while: the last
    rate at which it is counts, looked for downwards and then halved to.
    """
    dearer = MOST
    if fargate(case, dearer) >= function(case, dearer):
        return None
    while fargate(case, dearer) < function(case, dearer):
        dearer /= 1.001
    cheaper = dearer * 1.001
    for _ in range(60):
        middle = (dearer + cheaper) / 2
        if fargate(case, middle) < function(case, middle):
            cheaper = middle
        else:
            dearer = middle
    return cheaper
