"""List what an image is made of, in the format of CycloneDX.

Two files, because two tools know how to read what is installed. `debian.cdx.json` has the packages
of Debian (debsbom), `python.cdx.json` those of the Python environment (cyclonedx-py) and Python
itself, which the official images compile, so that Debian knows nothing of it. The image is not
run, and nothing is asked over the network. The tools are those of requirements/audit.txt.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ecs import containers
from ecs.errors import FailedError, UnavailableError

SPECIFICATION = "1.6"  # of CycloneDX
ENVIRONMENT = "/opt/venv/lib"
TOOLS = containers.ROOT / ".venv/audit/bin"


def of_image(image: str, folder: Path) -> list[Path]:
    """Write the two lists for an image, and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    debian, python = folder / "debian.cdx.json", folder / "python.cdx.json"
    with _container(image) as container:
        with tempfile.TemporaryFile() as exported:
            _run(["docker", "export", container], stdout=exported)
            exported.seek(0)
            _debian_packages(exported.fileno(), debian)
        with tempfile.TemporaryDirectory() as name:
            containers.docker("cp", f"{container}:{ENVIRONMENT}", f"{name}/lib")
            [packages] = Path(name).glob("lib/python3.*/site-packages")
            python_packages(packages, python)
    version = _python_version(image)
    if version:
        add_python(python, version)
    return [debian, python]


def python_packages(packages: Path, output: Path) -> None:
    """Write the list of what is installed in a `site-packages` folder.

    The tool asks an interpreter where its packages are. That of the image may be for another
    platform, so an empty environment of this one is given the folder as its own.
    """
    with tempfile.TemporaryDirectory() as name:
        _run([sys.executable, "-m", "venv", "--without-pip", name])
        [own] = Path(name).glob("lib/python3.*/site-packages")
        own.rmdir()
        own.symlink_to(packages.resolve(), target_is_directory=True)
        _run(
            [
                *(str(TOOLS / "cyclonedx-py"), "environment", "--sv", SPECIFICATION),
                *("--of", "JSON", "--output-reproducible", "-o", str(output), f"{name}/bin/python"),
            ]
        )


def _debian_packages(exported: int, output: Path) -> None:
    """Write the list of the packages in a file system, which is read as a tar archive."""
    command = [str(TOOLS / "debsbom"), "generate", "--sbom-type", "cdx", "--root", "-"]
    command += ["--cdx-schema-version", SPECIFICATION, "--out", "-"]
    with output.open("wb") as file:
        _run(command, stdin=exported, stdout=file)


def _python_version(image: str) -> str:
    """The version of Python that the base image was made with; empty where it does not say."""
    settings = json.loads(containers.docker("image", "inspect", image))[0]["Config"]["Env"] or []
    return str(dict(one.split("=", 1) for one in settings).get("PYTHON_VERSION", ""))


def add_python(path: Path, version: str) -> None:
    """Add the interpreter to a list, named as vulnerability databases name it."""
    listed = json.loads(path.read_text())
    listed.setdefault("components", []).append(
        {
            "type": "platform",
            "bom-ref": f"pkg:generic/python@{version}",
            "name": "python",
            "version": version,
            "purl": f"pkg:generic/python@{version}",
            "cpe": f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
        }
    )
    path.write_text(json.dumps(listed, indent=2) + "\n")


@contextmanager
def _container(image: str) -> Iterator[str]:
    """A container of the image that is never started, to copy files from."""
    name = containers.docker("create", image).split()[-1]
    try:
        yield name
    finally:
        containers.docker("rm", name)


def _run(
    command: list[str], stdin: int = subprocess.DEVNULL, stdout: IO[bytes] | int = subprocess.PIPE
) -> None:
    try:
        ended = subprocess.run(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        raise UnavailableError(f"{command[0]} is not installed: make sbom does that") from error
    if ended.returncode:
        told = ended.stderr.decode(errors="replace").strip().splitlines()
        raise FailedError(f"{Path(command[0]).name} failed: {told[-1] if told else 'no reason'}")
