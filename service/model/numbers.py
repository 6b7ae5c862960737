"""Numbers written as text, in a CSV cell: the decimal notation that JSON has, and no more.

`float()` would also take `1_000`, `nan`, `inf` and the digits of other scripts. The patterns never
go back (`++`): a cell of a hundred thousand spaces and a letter would be dear.
"""

import re

WHOLE = re.compile(r"\s*+[+-]?\d{1,309}+\s*+", re.ASCII)  # longer ones overflow anyway
DECIMAL = re.compile(r"\s*+[+-]?(\d++(\.\d*+)?+|\.\d++)([eE][+-]?\d++)?+\s*+", re.ASCII)


def parse(text: str) -> int | float | None:
    """The number, infinite where it is too large for one; None if the text is no number."""
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else None
