"""Build the image, push it, and bring the service on ECS up to it.

What is done already is skipped, so that it can be run again, also after it was interrupted. It
waits until ECS runs the new image, tells what happens meanwhile, and asks it for a prediction.
If CloudFormation or ECS roll back, it prints why and exits with 1; the old image goes on serving.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecs import boundary, containers, deployment, foundations, inputs, names, registry, stacks
from ecs.account import Account
from ecs.commands import options
from ecs.commands.options import tell
from ecs.containers import Source
from ecs.errors import FailedError, MissingError, UsageError

EXAMPLES = """
  ecs/deploy                                           the sensor model, to slipway-production
  ecs/deploy --environment demo --set Egress=public --set Size=nano
  ecs/deploy --artifact artifacts/mine                 a packed model
  ecs/deploy --set MaxTasks=20                         nothing is built anew for that
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = options.parser("deploy", f"{__doc__}\n{EXAMPLES}")
    parser.add_argument(
        "--artifact", type=Path, metavar="FOLDER", help="a packed model below artifacts/ to serve"
    )
    parser.add_argument(
        "--image", metavar="DIGEST", help="an image that was pushed before: build nothing"
    )
    parser.add_argument(
        "--keep-image", action="store_true", help="change parameters and template only"
    )
    parser.add_argument(
        "--set",
        type=options.pair,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of ecs/service.yaml, network.yaml or bootstrap.yaml; the next deploy "
        "keeps it",
    )
    parser.add_argument(
        "--build-arg",
        type=options.pair,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the Dockerfile, such as VARIANT=lean",
    )
    parser.add_argument(
        "--allow-dirty", action="store_true", help="build although there are uncommitted changes"
    )
    parser.add_argument(
        "--all-stacks",
        action="store_true",
        help="bring the bootstrap and network stacks up to their templates, too",
    )
    return options.main(run, parser.parse_args(arguments))


def run(asked: argparse.Namespace) -> int:
    """Deploy; 0 if the service does what it should."""
    name = names.service_stack(asked.environment)
    given = inputs.sort(dict(asked.set))
    source = None if asked.image or asked.keep_image else source_of(asked)
    account = options.opened(asked)
    client = account.client("cloudformation")
    service = stacks.find(client, name)
    boundary.check(
        stacks.find(client, names.BOOTSTRAP),
        given["bootstrap"],
        asked.all_stacks,
        {**(service.parameters if service else {}), **given["service"]},
    )
    bootstrap = foundations.bootstrap(account, given["bootstrap"], asked.all_stacks, tell)
    repository = names.repository(bootstrap)
    stack = deployment.ready(account, name, repository.role, tell)

    before = stack.parameters if stack else {}
    digest = "" if source else names.digest_in(asked.image or kept(before, name), repository)

    own = given["service"]
    network = foundations.network(account, given["network"], own, stack, asked.all_stacks, tell)
    parameters = {**foundations.for_service(bootstrap), **network, **own}
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
        registry.check(account, repository.name, digest, containers.PLATFORMS[architecture])
    parameters["ImageUri"] = f"{repository.uri}@{digest}"

    tell(f"{'changing' if stack else 'making'} {name} for {parameters['ImageUri']}")
    done = deployment.deploy(account, name, stack, parameters, repository.role, tell)
    if not done.changed:
        tell(f"nothing to do: {name} is as it should be")
    try:
        options.try_out(account, done.stack, image, asked.artifact)
    except FailedError:
        tell(rollback_line(asked, done, repository, digest))
        raise
    tell(f"\n{done.stack.outputs['Url']}")
    tell(rollback_line(asked, done, repository, digest))
    return 0


def kept(before: Mapping[str, str], name: str) -> str:
    """The image that the service has."""
    if "ImageUri" not in before:
        raise UsageError(f"{name} has no image to keep yet: deploy without --keep-image")
    return before["ImageUri"]


def source_of(asked: argparse.Namespace) -> Source:
    """What the image would be made of; UsageError if that has no name."""
    changed = containers.changed()
    if changed and not asked.allow_dirty:
        raise UsageError(
            f"{changed[0]} is not as committed, and the image is named after the commit: commit "
            "it, or give --allow-dirty"
        )
    arguments, version = dict(asked.build_arg), ""
    if asked.artifact:
        folder = asked.artifact.resolve()
        if not folder.is_relative_to(containers.ROOT / "artifacts"):
            raise UsageError(f"{asked.artifact} is not below artifacts/, of which images are made")
        try:
            version = str(json.loads((folder / "manifest.json").read_text())["version"])
        except (OSError, ValueError, KeyError) as error:
            raise MissingError(f"{asked.artifact} holds no packed model ({error})") from error
        below = str(folder.relative_to(containers.ROOT))
        arguments |= {"MODEL": "packed", "ARTIFACT": below}
    return Source(containers.commit(), bool(changed), arguments, version)


def pushed(
    account: Account, repository: names.Repository, architecture: str, source: Source
) -> tuple[str, str]:
    """Digest of the image in ECR, and what docker knows it by; built and pushed if need be."""
    tag = source.tag(architecture)
    name = f"{repository.uri}:{tag}"
    there = registry.digest_of(account, repository.name, tag)
    if there:
        tell(f"{name} was pushed before: not building it again")
        registry.check(account, repository.name, there, containers.PLATFORMS[architecture])
        return there, f"{repository.uri}@{there}"
    tell(f"building {name} for {containers.PLATFORMS[architecture]}")
    base = containers.pinned_base(source.arguments)
    tell(f"on {base[containers.BASE]}" if base else "no registry gives the base image's digest")
    containers.build(name, architecture, {**source.labelled(tag), **base})
    containers.log_in(account)
    tell(f"pushing {name}")
    containers.push(name)
    there = registry.digest_of(account, repository.name, tag)
    if there is None:
        raise FailedError(f"{name} was pushed, but is not in {repository.name}")
    return there, name


def rollback_line(
    asked: argparse.Namespace,
    done: deployment.Outcome,
    repository: names.Repository,
    digest: str,
) -> str:
    """How to go back to the image before; what to say if there was none."""
    line = f"ecs/rollback --environment {asked.environment}"
    if asked.region:
        line += f" --region {asked.region}"
    if not done.changed:
        return f"to go back to the image before this one: {line}"
    if done.before is None:
        return "there is no image before this one to go back to"
    if done.before == f"{repository.uri}@{digest}":
        return "the image is the same as before; parameters go back by --set"
    return f"to go back: {line} {done.before.rpartition('@')[2]}"


if __name__ == "__main__":
    sys.exit(main())
