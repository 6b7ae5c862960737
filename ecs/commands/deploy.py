"""`slipway deploy`: build the image, push it, and update the service on ECS."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ecs import boundary, containers, deployment, inputs, names, prerequisites, registry, stacks
from ecs.account import Account
from ecs.commands import options
from ecs.commands.options import echo
from ecs.containers import Source
from ecs.errors import FailedError, MissingError, UsageError


@click.command()
@options.common
@click.option(
    "--artifact",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A packed model below artifacts/ to serve.",
)
@click.option("--image", metavar="DIGEST", help="An image that was pushed before; builds none.")
@click.option("--keep-image", is_flag=True, help="Change parameters and template only.")
@options.pairs(
    "--set",
    "A parameter of ecs/service.yaml, network.yaml or bootstrap.yaml; later deploys keep it.",
)
@options.pairs("--build-arg", "A build argument of the Dockerfile, such as VARIANT=lean.")
@click.option("--allow-dirty", is_flag=True, help="Build although there are uncommitted changes.")
@click.option(
    "--all-stacks",
    is_flag=True,
    help="Also update the bootstrap and network stacks from their templates.",
)
@click.pass_context
def deploy(context: click.Context, /, **given: Any) -> None:
    """Build the image, push it, and update the service on ECS.

    Steps that are already done are skipped, so the command can be repeated, also after an
    interruption. It waits until ECS runs the new image, prints the events meanwhile, and sends a
    prediction. If CloudFormation or ECS roll back, it prints the reason and exits with 1; the old
    image keeps serving.

    \b
    Examples:
      slipway deploy
      slipway deploy --environment demo --set Egress=public --set Size=nano
      slipway deploy --artifact artifacts/mine
      slipway deploy --set MaxTasks=20
    """
    context.exit(options.main(run, Namespace(**given)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments."""
    return options.invoke(deploy, arguments)


def run(args: Namespace) -> int:
    """Deploy. Return 0 if the service works as expected."""
    name = names.service_stack_name(args.environment)
    given = inputs.by_template(dict(args.set))
    source = None if args.image or args.keep_image else source_of(args)
    account = options.account_of(args)
    client = account.client("cloudformation")
    service = stacks.find(client, name)
    boundary.check(
        stacks.find(client, names.BOOTSTRAP),
        given["bootstrap"],
        args.all_stacks,
        {**(service.parameters if service else {}), **given["service"]},
    )
    bootstrap = prerequisites.ensure_bootstrap(account, given["bootstrap"], args.all_stacks, echo)
    repository = names.repository(bootstrap)
    stack = deployment.wait_until_changeable(account, name, repository.role, echo)

    before = stack.parameters if stack else {}
    digest = "" if source else names.parse_digest(args.image or kept(before, name), repository)

    own = given["service"]
    network = prerequisites.ensure_network(
        account, given["network"], own, stack, args.all_stacks, echo
    )
    parameters = {**prerequisites.service_parameters(bootstrap), **network, **own}
    architecture = parameters.get("Architecture") or before.get(
        "Architecture", options.ARCHITECTURE
    )
    if architecture not in containers.PLATFORMS:
        raise UsageError(
            f"Architecture is {architecture}; it must be {' or '.join(containers.PLATFORMS)}"
        )
    if source:
        digest, image = pushed(account, repository, architecture, source)
    else:
        image = f"{repository.uri}@{digest}"
        registry.check_platform(
            account, repository.name, digest, containers.PLATFORMS[architecture]
        )
    parameters["ImageUri"] = f"{repository.uri}@{digest}"

    echo(f"{'updating' if stack else 'creating'} {name} for {parameters['ImageUri']}")
    done = deployment.deploy(account, name, stack, parameters, repository.role, echo)
    if not done.changed:
        echo(f"nothing to do: {name} is up to date")
    try:
        options.run_smoke_test(account, done.stack, image, args.artifact)
    except FailedError:
        echo(rollback_line(args, done, repository, digest))
        raise
    echo(f"\n{done.stack.outputs['Url']}")
    echo(rollback_line(args, done, repository, digest))
    return 0


def kept(before: Mapping[str, str], name: str) -> str:
    """The image that the service runs."""
    if "ImageUri" not in before:
        raise UsageError(f"{name} has no image to keep yet: deploy without --keep-image")
    return before["ImageUri"]


def source_of(args: Namespace) -> Source:
    """Describe the source of the image; UsageError if files are not committed."""
    if not (containers.ROOT / "Dockerfile").exists():
        raise UsageError(
            "images are built from a checkout, and this is an installed package: use a checkout, "
            "or --image DIGEST"
        )
    changed = containers.changed_files()
    if changed and not args.allow_dirty:
        raise UsageError(
            f"{changed[0]} is not committed, and the image is named after the commit: commit it, "
            "or use --allow-dirty"
        )
    arguments, version, machine = dict(args.build_arg), "", ""
    if args.artifact:
        folder = args.artifact.resolve()
        if not folder.is_relative_to(containers.ROOT / "artifacts"):
            raise UsageError(
                f"{args.artifact} is not below artifacts/, from which images are built"
            )
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
            version, packed = str(manifest["version"]), manifest["versions"]["python"]
            own_lock = containers.LOCK in manifest["files"]
            machine = str(manifest["engines"].get("machine", "an unknown processor"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MissingError(f"{args.artifact} holds no packed model ({error})") from error
        below = str(folder.relative_to(containers.ROOT))
        arguments |= {"MODEL": "packed", "ARTIFACT": below}
        if own_lock:  # it is for one version of Python: docs/your-own-model.md
            arguments.setdefault(containers.BASE, containers.base_of(packed))
    return Source(containers.commit(), bool(changed), arguments, version, machine)


def pushed(
    account: Account, repository: names.Repository, architecture: str, source: Source
) -> tuple[str, str]:
    """Digest of the image in ECR, and its name for docker. Build and push it if it is missing."""
    tag = source.tag(architecture)
    name = f"{repository.uri}:{tag}"
    there = registry.digest_of(account, repository.name, tag)
    if there:
        echo(f"{name} was pushed before: not building it again")
        registry.check_platform(account, repository.name, there, containers.PLATFORMS[architecture])
        return there, f"{repository.uri}@{there}"
    echo(f"building {name} for {containers.PLATFORMS[architecture]}")
    echo(source.proofs(architecture, name))
    base = containers.pinned_base(source.arguments)
    echo(
        f"on {base[containers.BASE]}"
        if base
        else "the registry does not return the base image's digest"
    )
    containers.build(name, architecture, {**source.labelled(tag), **base})
    containers.log_in(account)
    echo(f"pushing {name}")
    containers.push(name)
    there = registry.digest_of(account, repository.name, tag)
    if there is None:
        raise FailedError(f"{name} was pushed, but is not in {repository.name}")
    return there, name


def rollback_line(
    args: Namespace,
    done: deployment.Outcome,
    repository: names.Repository,
    digest: str,
) -> str:
    """One line: how to roll back, or why there is nothing to roll back to."""
    line = f"slipway rollback --environment {args.environment}"
    if args.region:
        line += f" --region {args.region}"
    if not done.changed:
        return f"to roll back to the image before this one: {line}"
    if done.before is None:
        return "there is no earlier image to roll back to"
    if done.before == f"{repository.uri}@{digest}":
        return "the image is the same as before; parameters are set back with --set"
    return f"to roll back: {line} {done.before.rpartition('@')[2]}"


if __name__ == "__main__":
    sys.exit(main())
