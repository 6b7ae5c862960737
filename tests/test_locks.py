"""What is installed: the locks, each whole, all of the same versions."""

import re
import subprocess
import sys

import pytest

from tests.support.serving import ROOT
from tests.test_agreement import DOCKERFILE, found

MAKEFILE = (ROOT / "Makefile").read_text()
LOCKS = (
    "requirements.txt",
    *(f"requirements/{path.name}" for path in sorted(ROOT.glob("requirements/*.txt"))),
)


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_has_one_version_of_each_package_for_all_pythons(name: str) -> None:
    pinned = found(r"^([a-z0-9.-]+)==", (ROOT / name).read_text())
    assert len(pinned) == len(set(pinned)) >= 1
    assert not found(r"python_(?:full_)?version", (ROOT / name).read_text())


def test_all_locks_pin_the_same_versions() -> None:
    versions: dict[str, set[str]] = {}
    for name in set(LOCKS) - {"requirements/clients.txt"}:  # an environment of its own
        for package, version in found(r"^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text()):
            versions.setdefault(package, set()).add(version)
    assert {"numpy", "scipy", "scikit-learn", "joblib", "pandas"} <= versions.keys()
    assert [package for package, pinned in versions.items() if len(pinned) > 1] == []


def test_the_locks_leave_nothing_out_since_pip_adds_nothing_to_them() -> None:
    for name in ("Makefile", "Dockerfile"):
        installs = found("^.*--require-hashes.*$", (ROOT / name).read_text())
        assert installs
        assert [line for line in installs if "--no-deps " not in line] == []
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert (check.returncode, check.stdout) == (0, "No broken requirements found.\n")


def test_make_writes_and_checks_each_lock() -> None:
    [names] = re.findall(r"^LOCKS := requirements \$\(patsubst .+\n\t(.+)\)$", MAKEFILE, re.M)
    assert [f"requirements/{name}.txt" for name in sorted(names.split())] == sorted(LOCKS[1:])
    assert {path.stem for path in ROOT.glob("requirements/*.in")} == set(names.split())


def pinned(name: str) -> dict[str, str]:
    return dict(found(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text()))


def test_the_lean_image_leaves_out_what_its_requirements_do_not_have() -> None:
    [left_out] = found(r"uninstall [^\\]+\\\n +(.+)$", DOCKERFILE)
    full, lean = pinned("requirements.txt"), pinned("requirements/lean.txt")
    assert set(left_out.split()) == full.keys() - lean.keys() >= {"scikit-learn", "scipy", "joblib"}
    assert lean.items() <= full.items()


def test_every_extra_of_the_image_can_be_installed_when_it_is_built() -> None:
    assert "\nCOPY requirements requirements\n" in DOCKERFILE
    sent = found(r"^!(requirements/\S*)$", (ROOT / ".dockerignore").read_text())
    named = set(found(r"(requirements/\w+\.txt)", DOCKERFILE)) - {"requirements/lean.txt"}
    assert named == set(sent)


def test_onnx_runtime_is_of_before_it_sent_data_to_its_makers() -> None:
    version = pinned("requirements.txt")["onnxruntime"]
    assert tuple(map(int, version.split("."))) < (1, 29)
