"""What may separate the cells of CSV. Nothing is imported here, so that `--help` is fast."""

# Each with its plural, and with its spelling on a command line.
SEPARATORS = {
    ",": ("commas", "','"),
    ";": ("semicolons", "';'"),
    "\t": ("tabs", "tab"),
    "|": ("vertical bars", "'|'"),
}
NAMES = {**{separator: separator for separator in SEPARATORS}, "tab": "\t", "\\t": "\t"}


def other_than(expected: str, header: str) -> tuple[str, str, str] | None:
    """The plurals of the separator that a header of one cell has and of the expected one, and the
    spelling of the former; None if it has none."""
    for separator, (plural, spelling) in SEPARATORS.items():
        if separator != expected and separator in header:
            return plural, SEPARATORS[expected][0], spelling
    return None
