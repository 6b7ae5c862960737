"""Every setting of the service, and the only reader of the environment.

gunicorn's own (`WEB_CONCURRENCY`, `FORWARDED_ALLOW_IPS`, `GUNICORN_CMD_ARGS`) stay gunicorn's.
"""

import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from service.model import trust
from service.model.errors import SlipwayError
from service.protocols.registry import NAMES as PROTOCOLS
from service.renamed_settings import RENAMED, current

PREFIX = "SERVICE_"
MORE = "SERVICE_SETTINGS"  # settings in one variable
MAY_BE_ZERO = {"SERVICE_DRAIN_SECONDS"}
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
KEY_NAME = r"[A-Za-z0-9._-]{1,64}"
IGNORE, ECHO = "ignore", "echo"
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(SlipwayError):
    """A setting is invalid. The message has its name, its value and the allowed values."""

    exit_code = os.EX_CONFIG


def _setting(
    default: Any, help: str, each: str = "", wanted: str = "", at_most: int = 10**9
) -> Any:
    """Declare a setting. The type of `default` decides how the text is parsed (`_parse`).

    `help` is its row in README's table. `each` is a regular expression for the value, or for each
    element of a list, and `wanted` describes it in error messages. `at_most` is the largest
    integer.
    """
    metadata = {"help": help, "each": each, "wanted": wanted, "at_most": at_most}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration. The field `max_rows` is `SERVICE_MAX_ROWS` in the environment, and so
    on."""

    model: str = _setting(
        "artifacts/model",
        "artifact to serve: a folder, or `s3://bucket/prefix/`",
        each=r"(?![A-Za-z0-9]+://).+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?",
        wanted="a folder, or s3://bucket/prefix/",
    )
    model_sha256: str = _setting(
        "",
        "SHA-256 digest of the only `manifest.json` to serve; any if empty",
        each=r"[0-9a-f]{64}",
        wanted="a SHA-256 digest in small hexadecimal digits",
    )
    fetch_seconds: int = _setting(25, "time to download a model from S3; after it exit 69")
    load_seconds: int = _setting(
        60, "time to load the model and to predict its golden rows; after it exit 65"
    )
    load_bytes: int = _setting(
        4 * 2**30,
        "memory for that, in addition to what the process has; above it exit 65",
        at_most=2**43,
    )
    max_rows: int = _setting(10_000, "rows in one request; more are refused with 422")
    max_answer_values: int = _setting(
        1_000_000, "values in one answer, rows times labels; more are refused with 422"
    )
    max_body_bytes: int = _setting(1_048_576, "bytes in one body; more are refused with 413")
    body_seconds: int = _setting(
        10, "time for a request body to arrive, at most 29; after it 408", at_most=29
    )
    queue_seconds: float = _setting(
        0.09, "time in the queue after which a prediction may be rejected with 503"
    )
    deadline_seconds: float = _setting(2.0, "latest that a prediction may start; after it 504")
    drain_seconds: int = _setting(5, "time to continue serving after SIGTERM, with /health at 503")
    metrics_port: int = _setting(9464, "port of /metrics and /drift, and of nothing else")
    api_keys: tuple[str, ...] = _setting(
        (),
        "SHA-256 digests of API keys, one of which a request must have, each alone or as "
        "NAME:DIGEST; separated by commas",
        each=rf"({KEY_NAME}:)?[0-9a-f]{{64}}",
        wanted="SHA-256 digests in small hexadecimal digits, each alone or as NAME:DIGEST",
    )
    hosts: tuple[str, ...] = _setting(
        (),
        "allowed host names, `*.example.com` for all subdomains, separated by commas; any if empty",
        each=r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]",
        wanted="host names in small letters without a port, or *.NAME",
    )
    protocols: tuple[str, ...] = _setting(
        ("lambda",),
        f"protocols besides Slipway's own: {', '.join(PROTOCOLS)}; separated by commas, or none",
        each="|".join((*PROTOCOLS, "none")),
        wanted=f"some of {', '.join(PROTOCOLS)}, or none",
    )
    oip_outputs: tuple[str, ...] = _setting(
        (),
        "outputs of a request of the Open Inference Protocol that names none, separated by commas, "
        "such as `predict`; the model's own if empty",
        each=r"[^,\s][^,]*",
        wanted="names of outputs",
    )
    extra_columns: str = _setting(
        "refuse",
        "columns of a request that the model does not take: refuse (422), ignore, or echo (send "
        "them back in the answer)",
        each=f"refuse|{IGNORE}|{ECHO}",
        wanted=f"refuse, {IGNORE} or {ECHO}",
    )
    trusted_modules: tuple[str, ...] = _setting(
        (),
        "names that a model may use besides the allow-list: classes, functions or modules of yours",
        each=r"[^\W\d]\w*(\.[^\W\d]\w*)*",
        wanted="module names, or full names such as package.module.Class",
    )
    trusted_code: tuple[str, ...] = _setting(
        (),
        "digests of code that an artifact may bring and run, as the line of the refusal gives it; "
        "separated by commas, or none",
        each=r"sha256:[0-9a-f]{64}|none",
        wanted="sha256: and a SHA-256 digest in small hexadecimal digits",
    )
    fast_path: bool = _setting(
        True,
        "whether llhttp parses simple predictions, and not gunicorn: true or false",
    )
    drift: bool = _setting(
        True,
        "whether to compare requests with the sample that the model was packed with: true or false",
    )
    traces: bool = _setting(False, "whether to export OpenTelemetry traces: true or false")
    log_level: str = _setting(
        "info",
        f"least severe log lines to write: {', '.join(LOG_LEVELS)}",
        each="|".join(LOG_LEVELS),
        wanted=f"one of {', '.join(LOG_LEVELS)}",
    )

    def of_model(self, place: str) -> "Settings":
        """These settings for the model at another place, without a digest."""
        return self if place == self.model else replace(self, model=place, model_sha256="")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read all settings; SettingsError for an unknown name with the prefix, or an invalid
        value.

        A former name is read with a warning on stderr."""
        environment = current(_with_more(environment), _warn)
        known = {f"{PREFIX}{setting.name.upper()}": setting for setting in fields(cls)}
        values: dict[str, Any] = {}
        for name in sorted(environment):
            if not name.startswith(PREFIX):
                continue
            if name not in known:
                raise SettingsError(f"{name} is not a setting; {_hint(name, known)}")
            setting = known[name]
            values[setting.name] = _parse(name, environment[name], setting)
        settings = cls(**values)
        for trusted in settings.trusted_modules:
            why = trust.problem(trusted)
            if why is not None:
                raise SettingsError(f"{PREFIX}TRUSTED_MODULES: {why}")
        return settings


def _with_more(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the settings in SERVICE_SETTINGS: NAME=VALUE, separated by blanks.

    They take the place of variables of the same name, which an image may have.
    """
    more: dict[str, str] = {}
    for part in environment.get(MORE, "").split():
        name, equals, value = part.partition("=")
        if not equals or not name.startswith(PREFIX) or name == MORE:
            raise SettingsError(f"{MORE}: {part[:40]!r} is not a setting like SERVICE_MAX_ROWS=100")
        if name in more:
            raise SettingsError(f"{MORE}: {name} is set twice")
        more[name] = value
    return {name: value for name, value in {**environment, **more}.items() if name != MORE}


def _warn(text: str) -> None:
    print(f"slipway: warning: {text}", file=sys.stderr)


def _hint(name: str, known: Collection[str]) -> str:
    if name in RENAMED:
        return RENAMED[name].advice
    endings = [setting.removeprefix(PREFIX) for setting in known]
    close = get_close_matches(name.removeprefix(PREFIX), endings, n=1)
    return f"did you mean {PREFIX}{close[0]}?" if close else f"there are {', '.join(known)}"


def environment(**values: str) -> dict[str, str]:
    """The environment for a server that `bench` starts: the current one, and these values.

    API keys, hosts, the model's digest and gunicorn's arguments are left out.
    """
    left_out = {
        *("GUNICORN_CMD_ARGS", "PROMETHEUS_MULTIPROC_DIR"),
        *("SERVICE_API_KEYS", "SERVICE_HOSTS", "SERVICE_MODEL_SHA256"),
    }
    return {**{name: os.environ[name] for name in os.environ.keys() - left_out}, **values}


def inherited(**values: str) -> dict[str, str]:
    """The environment of this process with these values: for the service itself."""
    return {**os.environ, **values}


def metrics_folder() -> Path | None:
    """The folder in which gunicorn's workers share metrics (gunicorn.conf.py); None without it."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


def one_thread() -> None:
    """Limit libraries that are loaded later to one thread, as gunicorn.conf.py does."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")


def _parse(name: str, text: str, setting: Field[Any]) -> Any:
    default = setting.default
    if isinstance(default, bool):  # before int, because a bool is an int
        if text not in ("true", "false"):
            raise SettingsError(f"{name} is {text[:40]!r}; it must be true or false")
        return text == "true"
    if isinstance(default, int):
        least = 0 if name in MAY_BE_ZERO else 1
        most = setting.metadata["at_most"]
        if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= most:
            fault = f"{name} is {text[:40]!r}; it must be a whole number, {least} to {most:,}"
            raise SettingsError(fault)
        return int(text)
    if isinstance(default, float):
        if not SECONDS.fullmatch(text) or float(text) == 0:
            raise SettingsError(f"{name} is {text[:40]!r}; it must be a number of seconds above 0")
        return float(text)
    each, wanted = setting.metadata["each"], setting.metadata["wanted"]
    if isinstance(default, tuple):
        parts = tuple(part.strip() for part in text.split(","))
        if not all(re.fullmatch(each, part) for part in parts):
            raise SettingsError(f"{name} must be {wanted}, separated by commas")  # may be a secret
        return parts
    if not text:
        raise SettingsError(f"{name} is empty; set it or leave it out")
    if not re.fullmatch(each, text):
        raise SettingsError(f"{name} is {text[:40]!r}; it must be {wanted}")
    return text
