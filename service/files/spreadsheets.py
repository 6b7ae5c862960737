"""Cells that a spreadsheet would run as a formula, made into text: `--safe-cells`.

A cell of CSV that begins like a formula is one to Excel, LibreOffice and Google Sheets, whoever
wrote it. OWASP's rule ("CSV Injection") is to put an apostrophe in front of it. Numbers begin with
a sign, too, and stay as they are.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from service.files.rows import written

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def safe_cell(cell: Any) -> Any:
    """The cell, with an apostrophe in front if it is text that begins like a formula."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def safely_written(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows as lines of CSV, without their ends and without formulas."""
    return written(map(safe_cell, row) for row in rows)
