"""Go back to the image that ran before, or to the one with this digest.

Only the image changes: template and parameters stay as they are. While a deployment is under way it
is cancelled instead, and the image before goes on serving.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ecs import containers, deployment, names, registry, stacks
from ecs.account import Account
from ecs.commands import options
from ecs.commands.options import tell
from ecs.errors import FailedError, MissingError
from ecs.stacks import Stack, Waiting


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = options.parser("rollback", __doc__)
    parser.add_argument("digest", nargs="?", metavar="DIGEST", help="sha256:… of an image in ECR")
    parser.add_argument("--list", action="store_true", help="list the images that there are")
    parser.add_argument(
        "--artifact",
        type=Path,
        metavar="FOLDER",
        help="the model in the image, if docker is not here to look into it",
    )
    return options.main(run, parser.parse_args(arguments))


def run(asked: argparse.Namespace) -> int:
    """Roll back; 0 if the service does what it should."""
    name = names.service_stack(asked.environment)
    account = options.opened(asked)
    repository = names.repository(names.existing(account, names.BOOTSTRAP))
    stack = names.existing(account, name)
    if asked.list:
        list_images(account, stack, repository)
        return 0
    if stack.status == "UPDATE_IN_PROGRESS" and not asked.digest:
        return cancel(account, stack)
    digest = asked.digest and names.digest_in(asked.digest, repository)
    ready = deployment.ready(account, name, repository.role, tell)
    if ready is None:
        raise MissingError(f"{name} never came to be: there is nothing to go back to")
    digest = digest or deployment.previous_image(account, ready, repository)
    if digest is None:
        raise MissingError(f"{name} ran no other image before; ecs/rollback --list shows all")
    architecture = ready.parameters.get("Architecture", options.ARCHITECTURE)
    registry.check(account, repository.name, digest, containers.PLATFORMS[architecture])

    image = f"{repository.uri}@{digest}"
    tell(f"changing {name} to {image}")
    done = deployment.deploy(
        account, name, ready, {"ImageUri": image}, repository.role, tell, keep_template=True
    )
    if not done.changed:
        tell(f"nothing to do: {name} runs that image")
    options.try_out(account, done.stack, image, asked.artifact)
    tell(f"\n{done.stack.outputs['Url']}")
    if done.changed and done.before:
        forward = done.before.rpartition("@")[2]
        tell(f"to undo: ecs/rollback --environment {asked.environment} {forward}")
    return 0


def cancel(account: Account, stack: Stack) -> int:
    """Stop the deployment that is under way; CloudFormation goes back by itself."""
    client = account.client("cloudformation")
    tell(f"{stack.name} is being changed: cancelling that")
    before = stacks.last_event(client, stack.id)
    client.cancel_update_stack(StackName=stack.name)
    left = stacks.wait(client, stack.id, Waiting(tell), before)
    if left is None or left.status != "UPDATE_ROLLBACK_COMPLETE":
        raise FailedError(f"{stack.name} did not go back: {left.status if left else 'it is gone'}")
    tell(f"{stack.name} runs {left.parameters['ImageUri']}")
    return 0


def list_images(account: Account, stack: Stack, repository: names.Repository) -> None:
    """Print what one can go back to, newest first."""
    runs = stack.parameters["ImageUri"].rpartition("@")[2]
    for image in registry.images(account, repository.name):
        mark = "runs" if image.digest == runs else ""
        tell(f"{image.digest}  {image.pushed:%Y-%m-%d %H:%M}  {mark:4}  {' '.join(image.tags)}")


if __name__ == "__main__":
    sys.exit(main())
