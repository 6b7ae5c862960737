"""`slipway cost`: compare the monthly cost on Fargate and on Lambda."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ecs import costs, price_list, prices
from ecs.commands import options
from ecs.commands.options import echo
from ecs.costs import Case
from ecs.errors import DeniedError, MissingError, UnavailableError, UsageError
from slipway.options import POSITIVE, Finite

RATES = (1.0, 10.0, 100.0, 1000.0)
EGRESS = {"nat": "one NAT gateway", "endpoints": "endpoints", "public": "public subnets"}

CHOSEN = (
    *("size", "architecture", "min_tasks", "lambda_mb", "peak"),
    *("per_connection", "request_kb", "cold_share", "cold_ms"),
)


DEFAULT = Case(capacity=1, latency_ms=1)
NATURAL = Finite(min=0, max=1e9)


class Size(click.ParamType[str]):
    """A task size; ecs/service.yaml lists them."""

    name = "size"

    def convert(self, value: str, param: object, ctx: object) -> str:
        """Return the size; BadParameter if it does not exist."""
        if value not in costs.sizes():
            raise click.BadParameter(f"{value!r} is not one of {', '.join(costs.sizes())}")
        return value


def number(
    flag: str, help: str, default: float | None = None, kind: Any = POSITIVE
) -> Callable[..., Any]:
    """An option that takes a number."""
    shown = default is not None
    return click.option(
        flag, type=kind, default=default, show_default=shown, metavar="N", help=help
    )


@click.command()
@click.argument("bench", required=False, metavar="[FILE]", type=click.Path(path_type=Path))
@number("--capacity", "Requests per second of one worker within the time limit.")
@number("--latency-ms", "Milliseconds that one request alone takes on one vCPU.")
@number("--rate", "A mean rate to compute the cost for, in requests per second.")
@click.option("--size", type=Size(), default=DEFAULT.size, show_default=True)
@click.option(
    "--architecture",
    type=click.Choice(prices.ARCHITECTURES),
    default=DEFAULT.architecture,
    show_default=True,
)
@click.option(
    "--egress",
    type=click.Choice([*EGRESS]),
    help="Outbound network of the tasks.  [default: all are shown]",
)
@number("--min-tasks", "Minimum number of tasks.", DEFAULT.min_tasks, click.IntRange(min=1))
@number("--lambda-mb", "Memory of the function.", DEFAULT.lambda_mb, click.IntRange(min=1))
@number("--peak", "Rate of the busiest minute, divided by the mean.", DEFAULT.peak)
@number("--per-connection", "Requests on a connection.", DEFAULT.per_connection)
@number("--request-kb", "KB of a request and its response.", DEFAULT.request_kb)
@number(
    "--cold-share",
    "Share of requests that wait for a cold start.",
    DEFAULT.cold_share,
    NATURAL,
)
@number("--cold-ms", "Milliseconds of a cold start.", DEFAULT.cold_ms, NATURAL)
@click.option("--now", is_flag=True, help="Use AWS's price list of today; this needs credentials.")
@click.option("--region", help="AWS region of --now (AWS_REGION, AWS_DEFAULT_REGION).")
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@click.pass_context
def cost(context: click.Context, /, **given: Any) -> None:
    """Compare the monthly cost on Fargate and on Lambda, from measured figures.

    The figures are FILE, written by slipway bench ARTIFACT --json FILE, or --capacity and
    --latency-ms.

    \b
    Example:
      slipway cost figures.json --rate 100
    """
    context.exit(options.main(run, Namespace(**given)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments."""
    return options.invoke(cost, arguments)


def run(args: Namespace) -> int:
    """Print the comparison."""
    case = case_of(args)
    if args.markdown:
        echo(table(case))
        return 0
    echo(
        f"measured: {case.capacity:,.0f} requests per second on one vCPU, "
        f"{case.latency_ms:.2f} ms for one alone"
    )
    echo(
        f"Fargate: at least {case.min_tasks} tasks of size {case.size} ({case.architecture}), "
        f"utilised to {costs.UTILISATION:.0%}, behind a load balancer"
    )
    echo(f"Lambda: {case.lambda_mb} MB, behind a function URL or an HTTP API\n")
    for egress in [args.egress] if args.egress else EGRESS:
        for http_api in (False, True):
            echo(verdict(replace(case, egress=egress, http_api=http_api)))
    echo("")
    rates = [args.rate] if args.rate else RATES
    for rate in rates:
        echo(at(replace(case, egress=args.egress or case.egress), rate))
    echo("\n" + "\n".join(case.prices.lines()))
    return 0


def case_of(args: Namespace) -> Case:
    """Build the case from the options and the figures of bench."""
    capacity, latency = args.capacity, args.latency_ms
    if args.bench:
        try:
            figures = json.loads(args.bench.read_text())
            capacity = capacity or float(figures["requests_per_second"])
            # Lambda runs one request at a time, so none shares a call of the model with others.
            latency = latency or float(figures["alone_ms"])
        except OSError as error:
            raise MissingError(f"{args.bench} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
            raise UsageError(
                f"{args.bench} was not written by slipway bench --json of this version: measure "
                "again"
            ) from error
    if not capacity or not latency:
        raise UsageError(
            "measure first: slipway bench ARTIFACT --json FILE; then slipway cost FILE "
            "(or use --capacity and --latency-ms)"
        )
    return Case(
        capacity=capacity,
        latency_ms=latency,
        egress=args.egress or "nat",
        prices=current_prices(args) if args.now else prices.LISTED,
        **{name: getattr(args, name) for name in CHOSEN},
    )


def current_prices(args: Namespace) -> prices.Prices:
    """Those of AWS's price list; those of us-east-1 in `prices.py` if that cannot be read."""
    try:
        return price_list.current(options.account_of(args))
    except (DeniedError, UnavailableError) as error:
        print(f"note: {error}: the prices are those of us-east-1, {prices.READ}", file=sys.stderr)
        return prices.LISTED


def verdict(case: Case) -> str:
    """One line: the rate above which Fargate is cheaper, or that Lambda is at any rate."""
    against = "HTTP API" if case.http_api else "function URL"
    start = f"{EGRESS[case.egress]:15}  against a {against:12}"
    rate = costs.break_even(case)
    if rate is None:
        return f"{start}  Lambda is cheaper at any rate"
    return f"{start}  Lambda is cheaper below {rate:,.1f} requests per second, Fargate above"


def at(case: Case, rate: float) -> str:
    """One line: both costs at a rate."""
    fargate = costs.fargate(case, rate)
    url, api = (costs.function(replace(case, http_api=http), rate) for http in (False, True))
    cheaper = "Fargate" if fargate < url else "Lambda" if fargate > api else "depends"
    return (
        f"{rate:>7,g} requests/s  Fargate ${fargate:,.2f} ({costs.tasks(case, rate)} tasks), "
        f"Lambda ${url:,.2f} (function URL) or ${api:,.2f} (HTTP API)  cheaper: {cheaper}"
    )


def table(case: Case) -> str:
    """The comparison as a table in Markdown, for models of several speeds."""
    lines = [
        "| ms a request | requests/s a vCPU | URL, NAT | URL, public | HTTP API, NAT | "
        "HTTP API, public |",
        "|---|---|---|---|---|---|",
    ]
    for latency, capacity in ((case.latency_ms, case.capacity), *TABLE):
        cells = []
        for http_api in (False, True):
            for egress in ("nat", "public"):
                one = replace(
                    case, latency_ms=latency, capacity=capacity, http_api=http_api, egress=egress
                )
                rate = costs.break_even(one)
                cells.append("never" if rate is None else f"{rate:,.1f}")
        lines.append(f"| {latency:g} | {capacity:,g} | {' | '.join(cells)} |")
    return "\n".join(lines)


# Other models: milliseconds of CPU per request, and 0.7 of the rate that a core could do at most.
TABLE = tuple((ms, 700 / ms) for ms in (5.0, 20.0, 100.0))


if __name__ == "__main__":
    sys.exit(main())
