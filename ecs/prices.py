"""AWS's list prices in us-east-1, in dollars, with their sources and dates."""

from dataclasses import dataclass

READ = "March to June 2026"
SOURCES = (
    "vantage.sh/blog/fargate-pricing, cloudchipr.com/blog/aws-lambda-pricing,",
    "handbook.vantage.sh/aws/services/elb-pricing, AWS's white paper on private APIs (HTTP API),",
    "AWS's blog on public IPv4 addresses, cloudburn.io/blog/aws-nat-gateway-pricing",
)
NOW = "aws.amazon.com/{fargate,lambda,api-gateway,elasticloadbalancing,vpc}/pricing"


@dataclass(frozen=True, slots=True)
class Compute:
    """Prices for one processor architecture: Fargate by the hour, Lambda by the second."""

    vcpu_hour: float
    gb_hour: float
    lambda_gb_second: float


ARM64 = Compute(vcpu_hour=0.03238, gb_hour=0.00356, lambda_gb_second=0.0000133334)
X86_64 = Compute(vcpu_hour=0.04048, gb_hour=0.004445, lambda_gb_second=0.0000166667)
COMPUTE = {"ARM64": ARM64, "X86_64": X86_64}

LAMBDA_REQUEST = 0.20e-6
HTTP_API_REQUEST = 1.00e-6  # API Gateway, up to 300 million a month
BALANCER_HOUR = 0.0225
CAPACITY_UNIT_HOUR = 0.008
PUBLIC_ADDRESS_HOUR = 0.005
NAT_HOUR = 0.045
ENDPOINT_HOUR = 0.01  # in each zone

HOURS = 730  # a month, as AWS counts it


def lines() -> list[str]:
    """The prices as lines of text, with their sources and dates."""
    return [
        f"prices: AWS's in us-east-1, without free tiers or savings plans, {READ}, from",
        *(f"  {source}" for source in SOURCES),
        f"  current prices: {NOW}",
        *(
            f"  {name}: Fargate ${one.vcpu_hour}/vCPU-h and ${one.gb_hour}/GB-h, "
            f"Lambda ${one.lambda_gb_second:.10f}/GB-s"
            for name, one in COMPUTE.items()
        ),
        f"  Lambda ${LAMBDA_REQUEST * 1e6:.2f}/million, HTTP API ${HTTP_API_REQUEST * 1e6:.2f}"
        f"/million, load balancer ${BALANCER_HOUR}/h and ${CAPACITY_UNIT_HOUR}/LCU-h,",
        f"  public address ${PUBLIC_ADDRESS_HOUR}/h, NAT gateway ${NAT_HOUR}/h, "
        f"endpoint ${ENDPOINT_HOUR}/h in each zone",
    ]
