"""Parses numbers in CSV cells, in the decimal notation of JSON only; lists missing values.

`float()` would also accept `1_000`, `nan`, `inf` and the digits of other scripts. The patterns do
not backtrack (`++`): a cell of a hundred thousand spaces and a letter would take long.
"""

import re

WHOLE = re.compile(r"\s*+[+-]?\d{1,309}+\s*+", re.ASCII)  # longer ones overflow anyway
DECIMAL = re.compile(r"\s*+[+-]?(\d++(\.\d*+)?+|\.\d++)([eE][+-]?\d++)?+\s*+", re.ASCII)

# What pandas.read_csv reads as missing besides an empty cell: samples are read like this, and most
# files from which clients take rows.
MISSING = frozenset(
    {
        *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
        *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    }
)


def parse(text: str) -> int | float | None:
    """The number, infinite if it is too large for float64; None if the text is not a number."""
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else None
