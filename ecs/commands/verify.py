"""`slipway verify`: check what a deployment requires, and an existing deployment for drift."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import click

from ecs import containers, costs, drift, inputs, names, preflight, stacks
from ecs.account import Account
from ecs.commands import options
from ecs.commands.options import echo
from ecs.preflight import Check, CheckResult
from ecs.stacks import Stack


@click.command()
@options.common
@options.pairs("--set", "A parameter that you will deploy with.")
@click.pass_context
def verify(context: click.Context, /, **given: Any) -> None:
    """Check everything that a deployment requires, and an existing deployment for drift.

    Always: credentials, engine, checkout, image and platform, certificate, subnets, secret, quotas.
    If the service exists, also its tasks and targets, and differences from the template. It
    changes nothing, and exits with 1 if a check fails.

    \b
    Example:
      slipway verify --environment demo
    """
    context.exit(options.main(run, Namespace(**given)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments."""
    return options.invoke(verify, arguments)


def run(args: Namespace) -> int:
    """Print the results. Return 1 if a check failed."""
    name = names.service_stack_name(args.environment)
    given = inputs.by_template(dict(args.set))["service"]
    account = options.account_of(args)
    stack = stacks.find(account.client("cloudformation"), name)
    there = f"{name} is {stack.status}" if stack else f"there is no {name} yet"
    echo(there)
    failed = 0
    for check_name, check in applicable_checks(account, stack, given):
        for result in preflight.run_check(check_name, check):
            failed += result.passed is False
            echo(str(result))
    echo(f"{failed} checks failed" if failed else "all checks passed")
    return int(bool(failed))


def applicable_checks(
    account: Account, stack: Stack | None, given: dict[str, str]
) -> Iterator[tuple[str, Check]]:
    """The checks that apply, each with its name."""
    known = inputs.declared_parameters("service")
    values = {name: str(one.get("Default", "")) for name, one in known.items()}
    values |= {**(stack.parameters if stack else {}), **given}
    platform = containers.PLATFORMS.get(values["Architecture"], "no platform")
    yield "credentials", lambda: iter([CheckResult("credentials", True, account.caller)])
    yield "engine", partial(preflight.engine, platform)
    yield "checkout", preflight.checkout
    bootstrap = stacks.find(account.client("cloudformation"), names.BOOTSTRAP)
    if bootstrap and values["ImageUri"]:
        repository = names.repository(bootstrap)
        yield "image", partial(preflight.image, account, repository, values["ImageUri"], platform)
    if arn := values["CertificateArn"]:
        yield "certificate", partial(preflight.certificate, account, arn)
    if values["PublicSubnetIds"] and values["TaskSubnetIds"]:
        yield "subnets", partial(preflight.subnets, account, values)
    if arn := values["ApiKeysSecretArn"]:
        yield "secret", partial(preflight.secret, account, arn)
    vcpus = float(values["MaxTasks"]) * costs.sizes().get(values["Size"], (0.0, 0.0))[0]
    yield "quota", partial(preflight.quotas, account, vcpus, stack is None)
    if stack and "TaskDefinitionArn" in stack.outputs:
        yield "service", partial(drift.running, account, stack)
        yield "template", partial(drift.resources, account, stack)


if __name__ == "__main__":
    sys.exit(main())
