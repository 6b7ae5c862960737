"""What is sent to CloudFormation: a template's text, and the values for its parameters."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from ecs import template
from ecs.errors import UsageError

TEMPLATES = ("service", "network", "bootstrap")


def text(name: str) -> str:
    """A template without lines that are only comments: CloudFormation takes 51,200 bytes."""
    lines = (template.FOLDER / f"{name}.yaml").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("#"))


@cache
def known(name: str) -> dict[str, dict[str, Any]]:
    """The parameters of a template, each with its default and what it says of itself."""
    return dict(template.load(f"{name}.yaml")["Parameters"])


def sort(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Give each value to the templates that have such a parameter; UsageError if none has."""
    every = [parameter for name in TEMPLATES for parameter in known(name)]
    for value in values:
        if value not in every:
            close = get_close_matches(value, every, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(every)}"
            raise UsageError(f"no template has a parameter {value}; {hint}")
    return {
        name: {key: value for key, value in values.items() if key in known(name)}
        for name in TEMPLATES
    }
