"""`slipway rollback`: roll back to the previous image, or to the image with this digest."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ecs import containers, deployment, names, registry, stacks
from ecs.account import Account
from ecs.commands import options
from ecs.commands.options import echo
from ecs.errors import FailedError, MissingError
from ecs.stacks import Stack, WaitCallbacks


@click.command()
@options.common
@click.argument("digest", required=False)
@click.option("--list", is_flag=True, help="List the images in ECR.")
@click.option(
    "--artifact",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The model in the image, if there is no docker to read it.",
)
@click.pass_context
def rollback(context: click.Context, /, **given: Any) -> None:
    """Roll back to the previous image, or to the image with this digest.

    Only the image changes: template and parameters stay as they are. If a deployment is under
    way, it is cancelled instead, and the previous image keeps serving.

    \b
    Example:
      slipway rollback --list
    """
    context.exit(options.main(run, Namespace(**given)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments."""
    return options.invoke(rollback, arguments)


def run(args: Namespace) -> int:
    """Roll back. Return 0 if the service works as expected."""
    name = names.service_stack_name(args.environment)
    account = options.account_of(args)
    repository = names.repository(names.require_stack(account, names.BOOTSTRAP))
    stack = names.require_stack(account, name)
    if args.list:
        list_images(account, stack, repository)
        return 0
    if stack.status == "UPDATE_IN_PROGRESS" and not args.digest:
        return cancel(account, stack)
    digest = args.digest and names.parse_digest(args.digest, repository)
    ready = deployment.wait_until_changeable(account, name, repository.role, echo)
    if ready is None:
        raise MissingError(f"{name} was never created: there is nothing to roll back to")
    digest = digest or deployment.previous_image(account, ready, repository)
    if digest is None:
        raise MissingError(
            f"{name} ran no other image before; slipway rollback --list shows all images"
        )
    architecture = ready.parameters.get("Architecture", options.ARCHITECTURE)
    registry.check_platform(account, repository.name, digest, containers.PLATFORMS[architecture])

    image = f"{repository.uri}@{digest}"
    echo(f"updating {name} to {image}")
    done = deployment.deploy(
        account, name, ready, {"ImageUri": image}, repository.role, echo, keep_template=True
    )
    if not done.changed:
        echo(f"nothing to do: {name} already runs this image")
    options.run_smoke_test(account, done.stack, image, args.artifact)
    echo(f"\n{done.stack.outputs['Url']}")
    if done.changed and done.before:
        forward = done.before.rpartition("@")[2]
        echo(f"to undo: slipway rollback --environment {args.environment} {forward}")
    return 0


def cancel(account: Account, stack: Stack) -> int:
    """Cancel the deployment that is under way; CloudFormation then rolls back."""
    client = account.client("cloudformation")
    echo(f"{stack.name} is being updated: cancelling that")
    before = stacks.last_event(client, stack.id)
    client.cancel_update_stack(StackName=stack.name)
    left = stacks.wait(client, stack.id, WaitCallbacks(echo), before)
    if left is None or left.status != "UPDATE_ROLLBACK_COMPLETE":
        raise FailedError(
            f"{stack.name} was not rolled back: {left.status if left else 'it no longer exists'}"
        )
    echo(f"{stack.name} runs {left.parameters['ImageUri']}")
    return 0


def list_images(account: Account, stack: Stack, repository: names.Repository) -> None:
    """Print the images in ECR, newest first."""
    runs = stack.parameters["ImageUri"].rpartition("@")[2]
    for image in registry.images(account, repository.name):
        mark = "runs" if image.digest == runs else "archived" if image.is_archived else ""
        echo(f"{image.digest}  {image.pushed:%Y-%m-%d %H:%M}  {mark:8}  {' '.join(image.tags)}")


if __name__ == "__main__":
    sys.exit(main())
