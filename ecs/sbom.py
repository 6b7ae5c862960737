"""Write the software bill of materials (SBOM) of an image, in CycloneDX format.

It is two files, written by two tools. `debian.cdx.json` has the Debian packages (debsbom).
`python.cdx.json` has the Python packages (cyclonedx-py) and Python itself, which the official
images compile and Debian does not list. The image is not run, and the network is not used. The
tools are those of requirements/audit.txt.
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
    """Write both files for an image and return their paths."""
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
    """Write the list of the packages in a `site-packages` folder.

    cyclonedx-py runs an interpreter to find its packages. The image's may be for another platform,
    so the folder is linked into an empty environment of this machine.
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
    """Write the list of the Debian packages in a file system, given as a tar archive."""
    command = [str(TOOLS / "debsbom"), "generate", "--sbom-type", "cdx", "--root", "-"]
    command += ["--cdx-schema-version", SPECIFICATION, "--out", "-"]
    with output.open("wb") as file:
        _run(command, stdin=exported, stdout=file)


def _python_version(image: str) -> str:
    """Version of Python in the image, from PYTHON_VERSION; empty if that is not set."""
    settings = json.loads(containers.docker("image", "inspect", image))[0]["Config"]["Env"] or []
    return str(dict(one.split("=", 1) for one in settings).get("PYTHON_VERSION", ""))


def add_python(path: Path, version: str) -> None:
    """Add the Python interpreter to a list, named as vulnerability databases name it."""
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
    """Create a container to copy files from. It is never started."""
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
        raise UnavailableError(
            f"{command[0]} is not installed: in a checkout, make sbom installs it"
        ) from error
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        raise FailedError(f"{Path(command[0]).name} failed: {lines[-1] if lines else 'no reason'}")
