"""Former names of settings. Each is read for one minor version more, with a warning."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service import __version__

Release = tuple[int, int]  # major and minor


def seconds(milliseconds: str) -> str:
    """The text of a whole number of milliseconds, in seconds; text that is none stays none."""
    whole = milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) <= 9
    return f"{int(milliseconds) / 1000:.3f}" if whole else f"{milliseconds} ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """The name that a setting has now, and the first release that refuses the former one.

    `convert` makes the new value of a former one, and `unit` is its unit.
    """

    now: str
    refused_from: Release
    convert: Callable[[str], str] = str
    unit: str = ""

    @property
    def advice(self) -> str:
        """What to set instead."""
        return f"it was renamed: set {self.now}{f', in {self.unit}' if self.unit else ''}"


RENAMED: Mapping[str, Renamed] = {
    "SERVICE_DIALECTS": Renamed(now="SERVICE_PROTOCOLS", refused_from=(0, 2)),
    "SERVICE_QUEUE_MS": Renamed(
        now="SERVICE_QUEUE_SECONDS", refused_from=(0, 2), convert=seconds, unit="seconds"
    ),
    "SERVICE_DEADLINE_MS": Renamed(
        now="SERVICE_DEADLINE_SECONDS", refused_from=(0, 2), convert=seconds, unit="seconds"
    ),
}


def release(version: str = __version__) -> Release:
    """The release of a version: (0, 1) of 0.1.3."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def current(
    environment: Mapping[str, str], warn: Callable[[str], object], here: Release | None = None
) -> dict[str, str]:
    """The environment with the new names. `warn` is called with a line for each former one.

    A name that this release refuses stays as it is; so does one whose new name is set, too.
    """
    here = here or release()
    found = {**environment}
    for name, renamed in RENAMED.items():
        if name in found and renamed.now not in found and here < renamed.refused_from:
            found[renamed.now] = renamed.convert(found.pop(name))
            first = ".".join(map(str, renamed.refused_from))
            warn(f"{name}: {renamed.advice}; release {first} refuses the former name")
    return found
