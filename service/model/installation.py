"""How the user calls this installation, for messages that have a line to copy."""

import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).parents[2] / "Makefile"  # a wheel and an image have none
DISTRIBUTION = "slipway-serving"


def program() -> str:
    """The slipway command, as typed in this shell."""
    given = sys.argv[0]
    if Path(given).name != "slipway":
        return f"{sys.executable} -m slipway"
    return "slipway" if shutil.which("slipway") == given else given


def pip_install(*requirements: str) -> str:
    """The command that installs packages for the Python that runs this.

    Environments of uv have no pip, and images have neither.
    """
    pip = ["pip", "install"]
    if find_spec("pip") is not None:
        pip = [sys.executable, "-m", *pip]
    elif shutil.which("uv"):
        pip = ["uv", *pip, "--python", sys.executable]
    return shlex.join([*pip, *requirements])


def install_extra(extra: str, *packages: str) -> str:
    """The command that installs an extra of the wheel; where there is no wheel, these packages."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and `--help` is fast

    try:
        version(DISTRIBUTION)
    except PackageNotFoundError:
        return pip_install(*packages)
    return pip_install(f"{DISTRIBUTION}[{extra}]")
