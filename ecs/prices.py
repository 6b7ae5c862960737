"""AWS's list prices, in dollars, with their sources and dates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

READ = "March to June 2026"
SOURCES = (
    "vantage.sh/blog/fargate-pricing, cloudchipr.com/blog/aws-lambda-pricing,",
    "handbook.vantage.sh/aws/services/elb-pricing, AWS's white paper on private APIs (HTTP API),",
    "AWS's blog on public IPv4 addresses, cloudburn.io/blog/aws-nat-gateway-pricing",
)
NOW = "slipway cost --now"
HOURS = 730  # a month, as AWS counts it
ARCHITECTURES = ("ARM64", "X86_64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices in one region: by the hour, but Lambda's by the GB-second and requests by one.

    `effective` has the date of each price that AWS's price list returned; the others are those in
    us-east-1 of READ.
    """

    region: str = "us-east-1"
    arm64_vcpu: float = 0.03238
    arm64_gb: float = 0.00356
    arm64_lambda: float = 0.0000133334
    x86_64_vcpu: float = 0.04048
    x86_64_gb: float = 0.004445
    x86_64_lambda: float = 0.0000166667
    lambda_request: float = 0.20e-6
    http_api_request: float = 1.00e-6  # API Gateway, up to 300 million a month
    balancer: float = 0.0225
    capacity_unit: float = 0.008
    public_address: float = 0.005
    nat: float = 0.045
    endpoint: float = 0.01  # in each zone
    effective: Mapping[str, str] = field(default_factory=dict)

    def vcpu(self, architecture: str) -> float:
        """Fargate's, by the hour."""
        return self.arm64_vcpu if architecture == "ARM64" else self.x86_64_vcpu

    def gb(self, architecture: str) -> float:
        """Fargate's, by the hour."""
        return self.arm64_gb if architecture == "ARM64" else self.x86_64_gb

    def lambda_gb(self, architecture: str) -> float:
        """Lambda's, by the second."""
        return self.arm64_lambda if architecture == "ARM64" else self.x86_64_lambda

    def lines(self) -> list[str]:
        """The prices as lines of text, with their sources and dates."""
        return [
            *self._sources(),
            *(
                f"  {name}: Fargate ${self.vcpu(name)}/vCPU-h and ${self.gb(name)}/GB-h, "
                f"Lambda ${self.lambda_gb(name):.10f}/GB-s"
                for name in ARCHITECTURES
            ),
            f"  Lambda ${self.lambda_request * 1e6:.2f}/million, HTTP API "
            f"${self.http_api_request * 1e6:.2f}/million, load balancer ${self.balancer}/h and "
            f"${self.capacity_unit}/LCU-h,",
            f"  public address ${self.public_address}/h, NAT gateway ${self.nat}/h, "
            f"endpoint ${self.endpoint}/h in each zone",
        ]

    def _sources(self) -> list[str]:
        if not self.effective:
            return [
                f"prices: AWS's in us-east-1, without free tiers or savings plans, {READ}, from",
                *(f"  {source}" for source in SOURCES),
                f"  current prices: {NOW}",
            ]
        dates = sorted(self.effective.values())
        found = [
            f"prices: AWS's price list for {self.region}, without free tiers or savings plans, "
            f"effective from {dates[0]} to {dates[-1]}"
        ]
        missing = [name for name in NAMES if name not in self.effective]
        if missing:
            found.append(
                f"  the list has no price for {', '.join(missing)}: those are of us-east-1, {READ}"
            )
        return found


NAMES = tuple(name for name in Prices.__dataclass_fields__ if name not in ("region", "effective"))
LISTED = Prices()
