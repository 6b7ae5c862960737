"""`slipway init`: writes the files that build an image with an artifact, and run it."""

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.model.errors import SlipwayError
from slipway.options import PATH, UnwritableError

if TYPE_CHECKING:
    from service.model.manifest import Manifest

SERVED = "/model"  # the artifact's place in the image
LIBRARIES = (
    "pandas",
    "xgboost",
    "lightgbm",
    "catboost",
)  # in the image only if it is built with them
DOCKERFILE = """\
FROM {image}
COPY --chmod=0755 {paths}
ENV {settings}
"""
# The service as in docker-compose.yml of the repository; tests/test_init.py compares them.
COMPOSE = """\
# docker compose up: the model on http://127.0.0.1:8080 (PORT=).
name: {name}
services:
  {name}:
    build: .
    image: {name}
    pull_policy: build
    ports:
      - "${{PORT:-8080}}:8080"
    environment:
      SERVICE_DRAIN_SECONDS: ${{SERVICE_DRAIN_SECONDS:-0}}
    read_only: true
    tmpfs:
      - /tmp:size=16m,noexec,nosuid,nodev
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
    mem_limit: 512m
    pids_limit: 64
    stop_grace_period: 60s
    restart: on-failure:5
"""


class InitError(SlipwayError):
    """An artifact that the service's image cannot serve."""


@click.command()
@click.argument("artifact", type=PATH)
@click.option(
    "--image",
    default="slipway",
    show_default=True,
    metavar="NAME",
    help="The service's image, as make image builds it.",
)
@click.option(
    "--trust-code",
    default="",
    metavar="DIGEST",
    help="Code that the artifact brings and that may run: a value of SERVICE_TRUSTED_CODE.",
)
def init(artifact: Path, image: str, trust_code: str) -> None:
    """Write a Dockerfile and a compose.yaml beside ARTIFACT, the folder of a packed model.

    docker compose up then builds an image of the service with the artifact, and runs it.

    \b
    Example:
      slipway init artifacts/mine
    """
    from service.model import artifact as artifacts

    manifest = artifacts.read_manifest(artifact)
    settings = {"SERVICE_MODEL": SERVED}
    if digest := trusted_digest(artifact, manifest, trust_code):
        settings["SERVICE_TRUSTED_CODE"] = digest
    name = artifact.resolve().name
    paths = write(
        artifact.parent if artifact.name else artifact.resolve().parent,
        {
            "Dockerfile": DOCKERFILE.format(
                image=image,
                paths=json.dumps([name, SERVED]),
                settings=" ".join(f"{key}={value}" for key, value in settings.items()),
            ),
            "compose.yaml": COMPOSE.format(name=project_name(name)),
        },
    )
    for path in paths:
        click.echo(f"wrote      {path}")
    needed = [one for one in LIBRARIES if one in manifest.versions]
    if manifest.engine == artifacts.ONNX:
        needed = []
    click.echo(f"first:     {build_command(image, needed)}")
    click.echo(f"serve it:  docker compose --file {shlex.quote(str(paths[-1]))} up")


def build_command(image: str, needed: Sequence[str]) -> str:
    """The command that builds the image of the service with the libraries of the model."""
    if not needed:
        if image == "slipway":
            return "make image (in the checkout)"
        return f"docker build --tag {image} . (in the checkout)"
    locks = [f"requirements/{'pandas' if one == 'pandas' else 'companions'}.txt" for one in needed]
    files = " ".join(dict.fromkeys(("requirements.txt", *locks)))
    return f'docker build --tag {image} --build-arg REQUIREMENTS="{files}" . (in the checkout)'


def trusted_digest(artifact: Path, manifest: "Manifest", trusted: str) -> str:
    """The digest of the code in the artifact; empty if it has none.

    InitError if the image cannot serve the artifact, or if the code is not trusted.
    """
    from service.model.artifact import ONNX
    from service.model.locked import LOCK

    if LOCK in manifest.files:
        raise InitError(
            f"{artifact} brings its own versions of the libraries, which the service's image does "
            "not have: build the image in a checkout (docker build --build-arg MODEL=packed "
            f"--build-arg ARTIFACT={artifact} .)"
        )
    digest = "" if manifest.engine == ONNX else str(manifest.code.get("digest", ""))
    if digest != trusted:
        raise InitError(
            f"{artifact} brings code of its own; if you do trust it: --trust-code {digest}"
            if digest
            else f"{artifact} brings no code that would run: leave out --trust-code"
        )
    return digest


def write(folder: Path, contents: dict[str, str]) -> list[Path]:
    """Write new files; UnwritableError if one exists or cannot be written."""
    paths = [folder / name for name in contents]
    for path in paths:
        if path.exists():
            raise UnwritableError(f"{path} exists: delete it, or move the artifact elsewhere")
    try:
        for path, text in zip(paths, contents.values(), strict=True):
            path.write_text(text)
    except OSError as error:
        raise UnwritableError(f"{path}: cannot be written ({error.strerror})") from error
    return paths


def project_name(artifact: str) -> str:
    """A name that is valid for Compose and as an image: small letters, digits and dashes."""
    return re.sub("[^a-z0-9]+", "-", artifact.lower()).strip("-") or "model"
