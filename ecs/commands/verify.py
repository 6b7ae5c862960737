"""Look at everything that a deployment needs, or at what differs once there is one.

Before: credentials, engine, checkout, image and platform, certificate, subnets, secret, quotas.
After: also the service, its tasks and targets, and what differs from the template. It changes
nothing, and ends with 1 if something is wrong.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from ecs import checks, containers, costs, drift, inputs, names, stacks
from ecs.account import Account
from ecs.checks import Check, Found
from ecs.commands import options
from ecs.commands.options import tell
from ecs.stacks import Stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = options.parser("verify", __doc__)
    parser.add_argument(
        "--set",
        type=options.pair,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter that you are going to deploy with",
    )
    return options.main(run, parser.parse_args(arguments))


def run(asked: argparse.Namespace) -> int:
    """Tell what was found; 1 if anything is wrong."""
    name = names.service_stack(asked.environment)
    given = inputs.sort(dict(asked.set))["service"]
    account = options.opened(asked)
    stack = stacks.find(account.client("cloudformation"), name)
    there = f"{name} is {stack.status}" if stack else f"there is no {name} yet"
    tell(there)
    wrong = 0
    for what, check in wanted(account, stack, given):
        for found in checks.looked(what, check):
            wrong += found.good is False
            tell(str(found))
    tell(f"{wrong} things are wrong" if wrong else "nothing is wrong")
    return int(bool(wrong))


def wanted(
    account: Account, stack: Stack | None, given: dict[str, str]
) -> Iterator[tuple[str, Check]]:
    """The checks that apply, each with its name."""
    known = inputs.known("service")
    values = {name: str(one.get("Default", "")) for name, one in known.items()}
    values |= {**(stack.parameters if stack else {}), **given}
    platform = containers.PLATFORMS.get(values["Architecture"], "no platform")
    yield "credentials", lambda: iter([Found("credentials", True, account.caller)])
    yield "engine", partial(checks.engine, platform)
    yield "checkout", checks.checkout
    bootstrap = stacks.find(account.client("cloudformation"), names.BOOTSTRAP)
    if bootstrap and values["ImageUri"]:
        repository = names.repository(bootstrap)
        yield "image", partial(checks.image, account, repository, values["ImageUri"], platform)
    if arn := values["CertificateArn"]:
        yield "certificate", partial(checks.certificate, account, arn)
    if values["PublicSubnetIds"] and values["TaskSubnetIds"]:
        yield "subnets", partial(checks.subnets, account, values)
    if arn := values["ApiKeysSecretArn"]:
        yield "secret", partial(checks.secret, account, arn)
    vcpus = float(values["MaxTasks"]) * costs.sizes().get(values["Size"], (0.0, 0.0))[0]
    yield "quota", partial(checks.quotas, account, vcpus, stack is None)
    if stack and "TaskDefinitionArn" in stack.outputs:
        yield "service", partial(drift.running, account, stack)
        yield "template", partial(drift.resources, account, stack)


if __name__ == "__main__":
    sys.exit(main())
