"""`slipway destroy`: delete an environment and everything that costs money, after confirmation."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import click

from ecs import names, teardown
from ecs.commands import options
from ecs.commands.options import echo
from ecs.errors import UsageError


@click.command()
@options.common
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_context
def destroy(context: click.Context, /, **given: Any) -> None:
    """Delete an environment and everything that costs money, after confirmation.

    With the last environment of the region it also deletes the network, all images and the roles.
    Secrets, certificates and models on S3 are yours and stay.

    \b
    Example:
      slipway destroy --environment demo
    """
    context.exit(options.main(run, Namespace(**given)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments."""
    return options.invoke(destroy, arguments)


def run(args: Namespace) -> int:
    """Delete. Return 0 if nothing is left."""
    name = names.service_stack_name(args.environment)
    account = options.account_of(args)
    there = names.list_stacks(account)
    if there and name not in there:
        others = [one for one in there if one not in names.SHARED]
        if others:
            raise UsageError(f"there is no {name}; there are {', '.join(others)}")
    to_delete = teardown.stacks_to_delete(account, name)
    if to_delete:
        echo(f"this deletes {', '.join(to_delete)} in {account.region}, with everything in them")
        if names.BOOTSTRAP in to_delete:
            echo("and every image: no rollback is possible afterwards")
        if not args.yes and not confirmed(args.environment):
            echo("nothing was deleted")
            return 1
    for one in to_delete or (name, *names.SHARED):
        teardown.delete_stack(account, one, echo)
    left = [one for one in to_delete if one in names.list_stacks(account)]
    echo(f"still exists: {', '.join(left)}" if left else f"nothing of {args.environment} is left")
    return int(bool(left))


def confirmed(environment: str) -> bool:
    """Ask for confirmation. No input means no."""
    try:
        return input(f"type {environment} to continue: ").strip() == environment
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
