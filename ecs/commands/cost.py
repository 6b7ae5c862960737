"""Compare what a month costs on Fargate and on Lambda, from what was measured.

Give it what python -m service bench ARTIFACT --json FILE wrote, or --capacity and --latency-ms.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecs import costs, prices
from ecs.commands import options
from ecs.commands.options import tell
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
    for flag, told in (
        ("--capacity", "requests per second that one worker answers in time"),
        ("--latency-ms", "milliseconds that one request takes on one vCPU"),
        ("--rate", "a mean rate to tell the cost of, in requests per second"),
    ):
        parser.add_argument(flag, type=positive, metavar="N", help=told)
    parser.add_argument("--size", choices=costs.sizes(), help="(%(default)s)")
    parser.add_argument("--architecture", choices=prices.COMPUTE, help="(%(default)s)")
    parser.add_argument("--egress", choices=EGRESS, help="the tasks' way out (all are shown)")
    for flag, told in (
        ("--min-tasks", "fewest tasks (%(default)s)"),
        ("--lambda-mb", "memory of the function (%(default)s)"),
    ):
        parser.add_argument(flag, type=whole, metavar="N", help=told)
    for flag, told in (
        ("--peak", "the busiest minute over the mean (%(default)g)"),
        ("--per-connection", "requests on a connection (%(default)g)"),
        ("--request-kb", "KB of a request and its answer (%(default)g)"),
    ):
        parser.add_argument(flag, type=positive, metavar="N", help=told)
    for flag, told in (
        ("--cold-share", "share of requests that start a function first (%(default)g)"),
        ("--cold-ms", "milliseconds that this takes (%(default)g)"),
    ):
        parser.add_argument(flag, type=natural, metavar="N", help=told)
    parser.set_defaults(**{name: getattr(default, name) for name in CHOSEN})
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/deploy.md")
    return options.main(run, parser.parse_args(arguments))


def run(asked: argparse.Namespace) -> int:
    """Compare, and tell."""
    case = case_of(asked)
    if asked.markdown:
        tell(table(case))
        return 0
    tell(
        f"measured: {case.capacity:,.0f} requests per second on one vCPU, "
        f"{case.latency_ms:.2f} ms each"
    )
    tell(
        f"Fargate: at least {case.min_tasks} tasks of size {case.size} ({case.architecture}), "
        f"used to {costs.UTILISATION:.0%}, behind a load balancer"
    )
    tell(f"Lambda: {case.lambda_mb} MB, behind a function URL or an HTTP API\n")
    for egress in [asked.egress] if asked.egress else EGRESS:
        for http_api in (False, True):
            tell(verdict(replace(case, egress=egress, http_api=http_api)))
    tell("")
    rates = [asked.rate] if asked.rate else RATES
    for rate in rates:
        tell(at(replace(case, egress=asked.egress or case.egress), rate))
    tell("\n" + "\n".join(prices.lines()))
    return 0


def case_of(asked: argparse.Namespace) -> Case:
    """The case that the options and the figures of bench make."""
    capacity, latency = asked.capacity, asked.latency_ms
    if asked.bench:
        try:
            figures = json.loads(asked.bench.read_text())
            capacity = capacity or float(figures["requests_per_second"])
            # At its capacity answers wait for others, for which Lambda would not charge.
            latency = latency or min(float(figures["p50_ms"]), 1000 / capacity)
        except OSError as error:
            raise MissingError(f"{asked.bench} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
            raise UsageError(
                f"{asked.bench} is not what python -m service bench --json writes"
            ) from error
    if not capacity or not latency:
        raise UsageError(
            "measure first: .venv/bin/python -m service bench ARTIFACT --json FILE; then ecs/cost "
            "FILE (or give --capacity and --latency-ms)"
        )
    return Case(
        capacity=capacity,
        latency_ms=latency,
        egress=asked.egress or "nat",
        **{name: getattr(asked, name) for name in CHOSEN},
    )


def verdict(case: Case) -> str:
    """From which rate on Fargate is the cheaper one; that Lambda is, where it is."""
    against = "HTTP API" if case.http_api else "function URL"
    start = f"{EGRESS[case.egress]:15}  against a {against:12}"
    rate = costs.break_even(case)
    if rate is None:
        return f"{start}  Lambda is cheaper at any rate"
    return f"{start}  Lambda is cheaper below {rate:,.1f} requests per second, Fargate above"


def at(case: Case, rate: float) -> str:
    """Both costs at a rate."""
    fargate = costs.fargate(case, rate)
    url, api = (costs.function(replace(case, http_api=http), rate) for http in (False, True))
    cheaper = "Fargate" if fargate < url else "Lambda" if fargate > api else "depends"
    return (
        f"{rate:>7,g} requests/s  Fargate ${fargate:,.2f} ({costs.tasks(case, rate)} tasks), "
        f"Lambda ${url:,.2f} (function URL) or ${api:,.2f} (HTTP API)  cheaper: {cheaper}"
    )


def table(case: Case) -> str:
    """The same as a table in Markdown: of models of several speeds."""
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


# Other models: a core that is busy for so long with each, and 0.7 of what that would allow.
TABLE = tuple((ms, 700 / ms) for ms in (5.0, 20.0, 100.0))


def positive(text: str) -> float:
    """Parse a number greater than 0."""
    number = natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("it must be more than 0")
    return number


def natural(text: str) -> float:
    """Parse a number that is not negative."""
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
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
