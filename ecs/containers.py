"""Commands of docker and git: the commit that is checked out; build, push and read images."""

import base64
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ecs.account import Account
from ecs.errors import FailedError, MissingError, UnavailableError, UsageError

ROOT = Path(__file__).parents[1]
MANIFEST = "/app/artifacts/model/manifest.json"
BASE = "PYTHON_IMAGE"  # the Dockerfile's argument that names the base image
LOCK = "requirements.txt"  # of an artifact that brings its own libraries
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
MACHINES = {"ARM64": ("aarch64", "arm64"), "X86_64": ("x86_64", "AMD64")}  # as Python calls them


def commit() -> str:
    """SHA of the commit that is checked out."""
    found = _run(["git", "rev-parse", "HEAD"])
    if found.returncode:
        raise UsageError(
            f"{ROOT} is not a git checkout with a commit; the image is named after the commit"
        )
    return found.stdout.decode().strip()


def changed_files() -> list[str]:
    """Files of the image that differ from the commit or are not tracked.

    Files that .dockerignore keeps out of the image do not count.
    """
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    paths = ["Dockerfile", ".dockerignore", *(one[1:] for one in lines if one.startswith("!"))]
    patterns = [one for one in lines if "/" in one and one[0] not in "!#"]
    # **/.* leaves out hidden files in folders; .dockerignore itself, at the top, does count.
    left_out = [f":(exclude,glob){'*/' * one.startswith('**/')}{one}" for one in patterns]
    status = ["git", "status", "--porcelain", "--untracked-files=all", "--", *paths, *left_out]
    return [line[3:] for line in _run(status).stdout.decode().splitlines()]


@dataclass(frozen=True, slots=True)
class Source:
    """What an image is built from: commit, build arguments, version of the model.

    `machine` is the processor that packed the artifact; empty if the image trains the model itself.
    """

    commit: str
    dirty: bool
    arguments: Mapping[str, str]
    version: str
    machine: str = ""

    def proofs(self, architecture: str, image: str) -> str:
        """Where the artifact's proofs were made, and how to repeat them elsewhere; one line."""
        if not self.machine and self.arguments.get("MODEL") == "packed":
            return "where the artifact was packed, and proved, is not known without --artifact"
        if not self.machine:
            return "the build packs the model, and proves it, on the processor that serves it"
        if self.machine in MACHINES[architecture]:
            return f"the artifact was packed, and proved, on {self.machine}, which serves it"
        return (
            f"the artifact was packed, and proved, on {self.machine}, not on {architecture}, which "
            f"serves it; after the build, this repeats the proofs there: docker run --rm "
            f"--platform {PLATFORMS[architecture]} {image} slipway prove"
        )

    def tag(self, architecture: str) -> str:
        """The image's tag: the commit, and a hash of the options unless all are defaults.

        The same tag means the same image, so an existing image is not built again. A checkout with
        uncommitted changes gets a new tag each time.
        """
        tag = self.commit
        if architecture != "ARM64" or self.arguments:
            options = json.dumps([architecture, sorted(self.arguments.items()), self.version])
            tag += f"-{sha256(options.encode()).hexdigest()[:8]}"
        return f"{tag}-dirty-{datetime.now(UTC):%Y%m%dt%H%M%S}" if self.dirty else tag

    def labelled(self, tag: str) -> dict[str, str]:
        """Build arguments, including those for the image's labels."""
        created = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return {**self.arguments, "REVISION": self.commit, "VERSION": tag, "CREATED": created}


def base_of(python: str) -> str:
    """The base image with this version of Python."""
    minor = ".".join(python.split(".")[:2])
    return re.sub(r"python:[0-9.]+", f"python:{minor}", _default_base())


def _default_base() -> str:
    """The base image that the Dockerfile names, or nothing."""
    named = re.search(rf"^ARG {BASE}=(\S+)$", (ROOT / "Dockerfile").read_text(), re.M)
    return named[1] if named else ""


def pinned_base(arguments: Mapping[str, str]) -> dict[str, str]:
    """Build arguments that pin the base image by its digest.

    All stages then start from the same image, and a label names it. Empty if there is no digest:
    the registry cannot be reached, or the image exists on this machine only.
    """
    default = _default_base()
    if not default:
        return {}
    name, _, digest = arguments.get(BASE, default).partition("@")
    if not digest:
        command = ["docker", "buildx", "imagetools", "inspect", name]
        ended = _run([*command, "--format", "{{json .Manifest}}"])
        if ended.returncode:
            return {}
        digest = json.loads(ended.stdout)["digest"]
    return {BASE: f"{name}@{digest}", "BASE_DIGEST": digest}


def build(name: str, architecture: str, arguments: Mapping[str, str]) -> None:
    """Build the image for the tasks' platform; docker prints its progress."""
    platform = PLATFORMS[architecture]
    flags = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    ended = _run(
        [
            *("docker", "buildx", "build", "--platform", platform, "--provenance=false"),
            *("--load", *flags, "--tag", name, "."),
        ],
        shown=True,
    )
    if ended.returncode:
        hint = (
            "" if supports(platform) else f": the engine cannot run {platform}; {remedy(platform)}"
        )
        raise FailedError(f"the image could not be built{hint}")
    built = json.loads(docker("image", "inspect", name))[0]
    if f"{built['Os']}/{built['Architecture']}" != platform:
        raise FailedError(
            f"the engine built {name} for {built['Os']}/{built['Architecture']}, not {platform}"
        )


def supports(platform: str) -> bool:
    """Whether the engine can build for this platform, natively or by emulation."""
    return platform in docker("buildx", "inspect").replace(",", " ").split()


def remedy(platform: str) -> str:
    """How to make an engine build for a platform that it does not support."""
    other = next(name for name, one in PLATFORMS.items() if one != platform)
    emulator = f"docker run --privileged --rm tonistiigi/binfmt --install {platform[6:]}"
    return f"install an emulator ({emulator}), or deploy with --set Architecture={other}"


def log_in(account: Account) -> None:
    """Log docker in to the account's registry."""
    [data] = account.client("ecr").get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    registry = data["proxyEndpoint"].removeprefix("https://")
    docker("login", "--username", user, "--password-stdin", registry, given=password)


def push(name: str) -> None:
    """Push an image; docker prints its progress."""
    if _run(["docker", "push", name], shown=True).returncode:
        raise FailedError(
            f"{name} could not be pushed; try again: layers that were pushed are kept"
        )


def manifest_in(image: str, platform: str) -> dict[str, Any]:
    """Manifest of the artifact in an image. The image is pulled if necessary, and not run."""
    container = docker("create", "--platform", platform, image).split()[-1]
    try:
        copied = _run(["docker", "cp", f"{container}:{MANIFEST}", "-"])
    finally:
        docker("rm", container)
    if copied.returncode:
        raise MissingError(f"{image} has no artifact at {MANIFEST}: use --artifact")
    with tarfile.open(fileobj=io.BytesIO(copied.stdout)) as archive:
        [member] = archive.getmembers()
        file = archive.extractfile(member)
        return dict(json.load(file)) if file else {}


def docker(*arguments: str, given: str = "") -> str:
    """Run a docker command and return its output; UnavailableError if it fails."""
    ended = _run(["docker", *arguments], given=given)
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        raise UnavailableError(f"docker {arguments[0]}: {lines[-1] if lines else 'failed'}")
    return ended.stdout.decode().strip()


def _run(
    command: list[str], given: str = "", shown: bool = False
) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(command, cwd=ROOT, input=given.encode(), capture_output=not shown)
    except FileNotFoundError as error:
        raise UnavailableError(f"{command[0]} is not installed") from error
