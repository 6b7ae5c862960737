"""The input of CloudFormation: the body of a template, and values of its parameters."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from ecs import template
from ecs.errors import UsageError

TEMPLATES = ("service", "network", "bootstrap")


def template_body(name: str) -> str:
    """A template without comment lines: CloudFormation accepts at most 51,200 bytes."""
    lines = (template.FOLDER / f"{name}.yaml").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("#"))


@cache
def declared_parameters(name: str) -> dict[str, dict[str, Any]]:
    """Parameters that a template declares, by name."""
    return dict(template.load(f"{name}.yaml")["Parameters"])


def by_template(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Group values by the templates that declare the parameter; UsageError if none does."""
    every = [parameter for name in TEMPLATES for parameter in declared_parameters(name)]
    for value in values:
        if value not in every:
            close = get_close_matches(value, every, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(every)}"
            raise UsageError(f"no template has a parameter {value}; {hint}")
    return {
        name: {key: value for key, value in values.items() if key in declared_parameters(name)}
        for name in TEMPLATES
    }
