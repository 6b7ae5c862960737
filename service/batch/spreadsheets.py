"""Turns cells that a spreadsheet would run as a formula into text: `--safe-cells`.

Excel, LibreOffice and Google Sheets run a cell of CSV that begins like a formula. OWASP ("CSV
Injection") recommends an apostrophe in front of it. Numbers with a sign are not changed.
"""

import re
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
NUMBERS = {
    ".": re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
    ",": re.compile(r"[+-]?(?:[0-9]+,?[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?"),
}


def safe_cell(cell: Any, decimal: str = ".") -> Any:
    """The cell, with an apostrophe in front if it is text that begins like a formula."""
    if not isinstance(cell, str) or not cell.startswith(FORMULA_STARTS):
        return cell
    return cell if NUMBERS[decimal].fullmatch(cell) else f"'{cell}"
