"""Types of options that several commands have, and their errors."""

import os
from pathlib import Path
from typing import Any

import click

from service.model import separators
from service.model.errors import SlipwayError

PATH = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)


class Finite(click.FloatRange):
    """A number within a range. click's own FloatRange accepts nan."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is not a number", param, ctx)
        return number


POSITIVE = Finite(min=0, min_open=True, max=1e9)


class Separator(click.ParamType[str]):
    """The separator of the cells of CSV."""

    name = "separator"

    def convert(self, value: str, param: object, ctx: object) -> str:
        """Return the character."""
        if value not in separators.NAMES:
            raise click.BadParameter(f"{value!r} cannot separate cells: use , or ; or | or tab")
        return separators.NAMES[value]


SEPARATOR = Separator()


class UnreadableError(SlipwayError):
    """A file cannot be read; the text is one line."""

    exit_code = os.EX_NOINPUT


class UnwritableError(SlipwayError):
    """A file cannot be written; the text is one line."""

    exit_code = os.EX_CANTCREAT
