"""Compare the monthly cost on Fargate and on Lambda, from measured figures.

The figures are FILE, written by python -m service bench ARTIFACT --json FILE, or --capacity and
--latency-ms.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecs import costs, prices
from ecs.commands import options
from ecs.commands.options import echo
from ecs.costs import Case
from ecs.errors import MissingError, UsageError

RATES = (1.0, 10.0, 100.0, 1000.0)
EGRESS = {"nat": "one NAT gateway", "endpoints": "endpoints", "public": "public subnets"}

CHOSEN = (
    *("size", "architecture", "min_tasks", "lambda_mb", "peak"),
    *("per_connection", "request_kb", "cold_share", "cold_ms"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="ecs/cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Case(capacity=1, latency_ms=1)
    parser.add_argument("bench", nargs="?", type=Path, metavar="FILE", help="figures of bench")
    for flag, text in (
        ("--capacity", "requests per second of one worker within the time limit"),
        ("--latency-ms", "milliseconds that one request takes on one vCPU"),
        ("--rate", "a mean rate to compute the cost for, in requests per second"),
    ):
        parser.add_argument(flag, type=positive, metavar="N", help=text)
    parser.add_argument("--size", choices=costs.sizes(), help="(%(default)s)")
    parser.add_argument("--architecture", choices=prices.COMPUTE, help="(%(default)s)")
    parser.add_argument(
        "--egress", choices=EGRESS, help="outbound network of the tasks (all are shown)"
    )
    for flag, text in (
        ("--min-tasks", "fewest tasks (%(default)s)"),
        ("--lambda-mb", "memory of the function (%(default)s)"),
    ):
        parser.add_argument(flag, type=whole, metavar="N", help=text)
    for flag, text in (
        ("--peak", "rate of the busiest minute, divided by the mean (%(default)g)"),
        ("--per-connection", "requests on a connection (%(default)g)"),
        ("--request-kb", "KB of a request and its response (%(default)g)"),
    ):
        parser.add_argument(flag, type=positive, metavar="N", help=text)
    for flag, text in (
        ("--cold-share", "share of requests that wait for a cold start (%(default)g)"),
        ("--cold-ms", "milliseconds of a cold start (%(default)g)"),
    ):
        parser.add_argument(flag, type=natural, metavar="N", help=text)
    parser.set_defaults(**{name: getattr(default, name) for name in CHOSEN})
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/deploy.md")
    return options.main(run, parser.parse_args(arguments))


def run(args: argparse.Namespace) -> int:
    """Print the comparison."""
    case = case_of(args)
    if args.markdown:
        echo(table(case))
        return 0
    echo(
        f"measured: {case.capacity:,.0f} requests per second on one vCPU, "
        f"{case.latency_ms:.2f} ms each"
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
    echo("\n" + "\n".join(prices.lines()))
    return 0


def case_of(args: argparse.Namespace) -> Case:
    """Build the case from the options and the figures of bench."""
    capacity, latency = args.capacity, args.latency_ms
    if args.bench:
        try:
            figures = json.loads(args.bench.read_text())
            capacity = capacity or float(figures["requests_per_second"])
            # At full capacity requests wait in the queue; Lambda does not bill for that.
            latency = latency or min(float(figures["p50_ms"]), 1000 / capacity)
        except OSError as error:
            raise MissingError(f"{args.bench} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
            raise UsageError(
                f"{args.bench} was not written by python -m service bench --json"
            ) from error
    if not capacity or not latency:
        raise UsageError(
            "measure first: .venv/bin/python -m service bench ARTIFACT --json FILE; then ecs/cost "
            "FILE (or use --capacity and --latency-ms)"
        )
    return Case(
        capacity=capacity,
        latency_ms=latency,
        egress=args.egress or "nat",
        **{name: getattr(args, name) for name in CHOSEN},
    )


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


def positive(text: str) -> float:
    """Parse a number greater than 0."""
    number = natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("it must be greater than 0")
    return number


def natural(text: str) -> float:
    """Parse a number that is not negative."""
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is out of range")
    return number


def whole(text: str) -> int:
    """Parse a whole number greater than 0."""
    number = positive(text)
    if number != int(number):
        raise argparse.ArgumentTypeError(f"{text} is not whole")
    return int(number)


if __name__ == "__main__":
    sys.exit(main())
