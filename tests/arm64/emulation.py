"""An emulator, a Python for ARM64, and the locked packages, in a folder of their own.

APT downloads Debian's packages for both architectures into the folder. It installs nothing on the
machine, so no privileges are needed. QEMU runs one process and looks up files below its own root
first. Programs that this process starts are not emulated.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence

from tests.support.serving import ROOT

FOLDER = ROOT / ".venv" / "arm64"
SITE = FOLDER / "arm64/usr/local/lib/python3.13/dist-packages"  # where Debian's Python searches
SUITE = "trixie"  # as the base image
MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PYTHON = "python3.13"
PACKAGES = {
    "amd64": ("qemu-user", PYTHON),
    "arm64": (PYTHON, "libstdc++6", "libgomp1"),
}
WHEELS = ("--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13")
INSTALLED = ("requirements.txt", *(f"requirements/{one}.txt" for one in ("training", "pandas")))
TESTING = ("requirements/deploy.txt", "requirements/dev.txt")
OTHERS = ("lean", "traces", "s3", "parquet", "lambda")  # locks of which wheels are looked up
PROCESSORS = {  # by QEMU's names; Graviton4, a Neoverse V2, is not among them
    "neoverse-n1": "Graviton2",
    "neoverse-v1": "Graviton3",
}


def prepare() -> None:
    """Get what is missing; later runs use what is there."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise SystemExit("make arm64 needs apt-get and dpkg-deb, which Debian and Ubuntu have")
    for architecture in PACKAGES:
        if not (FOLDER / architecture / "complete").exists():
            _unpack(architecture)
    for lock in OTHERS:
        _uv("--dry-run", "--target", str(FOLDER / "none"), "-r", f"requirements/{lock}.txt")
    locks = [ROOT / name for name in (*INSTALLED, *TESTING)]
    digest = SITE / "locks"
    content = "".join(lock.read_text() for lock in locks)
    if not digest.exists() or digest.read_text() != content:
        shutil.rmtree(SITE, ignore_errors=True)
        given = [argument for lock in locks for argument in ("-r", str(lock))]
        _uv("--target", str(SITE), *given)
        _compile()
        digest.write_text(content)


def _unpack(architecture: str) -> None:
    """Download packages with all that they depend on, and unpack them below a root."""
    state, root = FOLDER / f"apt-{architecture}", FOLDER / architecture
    for one in (state, root):
        shutil.rmtree(one, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "etc/preferences.d"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()
    sources = state / "etc/sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {MIRROR} {SUITE} main\n")
    settings = {
        "Dir::Etc": state / "etc",
        "Dir::Etc::sourcelist": sources,
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in settings.items())]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "-y", "--download-only", "install", *PACKAGES[architecture]], check=True)
    root.mkdir()
    for package in sorted((state / "cache/archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    if not (root / "lib").exists():
        (root / "lib").symlink_to("usr/lib")
    shutil.rmtree(state)
    (root / "complete").touch()


def _uv(*arguments: str) -> None:
    uv = (str(ROOT / ".venv/bin/uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes")
    subprocess.run([*uv, "--only-binary", ":all:", *WHEELS, *arguments], check=True, cwd=ROOT)


def _compile() -> None:
    """Compile all modules by the same Python for this machine: bytecode is the same."""
    root = FOLDER / "amd64/usr"
    loader = [str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path"]
    command = [*loader, str(root / "lib/x86_64-linux-gnu"), str(root / "bin" / PYTHON)]
    folders = (SITE, FOLDER / "arm64/usr/lib" / PYTHON)
    compiling = [*command, "-m", "compileall", "-qq", *map(str, folders)]
    environment = {**os.environ, "PYTHONHOME": str(root)}
    subprocess.run(compiling, env=environment, check=False)  # a few files are for another Python


def command(*arguments: str) -> list[str]:
    """The command that runs Python in the emulator with these arguments."""
    root = FOLDER / "arm64"
    emulator = FOLDER / "amd64/usr/bin/qemu-aarch64"
    return [str(emulator), "-L", str(root), str(root / "usr/bin" / PYTHON), *arguments]


def environment(processor: str, **more: str) -> dict[str, str]:
    """The variables with which Python finds its packages and this checkout there."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "QEMU_CPU": processor,
        "PYTHONHOME": "/usr",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **more,
    }


def output(processor: str, arguments: Sequence[str], **more: str) -> str:
    """What Python prints there; its errors go to stderr."""
    run = subprocess.run(
        command(*arguments),
        env=environment(processor, **more),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return run.stdout
