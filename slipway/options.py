"""Types of options that several commands have, and their errors."""

import os
from pathlib import Path
from typing import Any

import click

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


class UnreadableError(SlipwayError):
    """A file cannot be read; the text is one line."""

    exit_code = os.EX_NOINPUT


class UnwritableError(SlipwayError):
    """A file cannot be written; the text is one line."""

    exit_code = os.EX_CANTCREAT
