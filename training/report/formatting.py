"""Format text and numbers for the page and its plots."""

from service.model.signature import Label

MAX_CHARACTERS = 80  # of a name on the page
SHORT = 16  # characters of a name beside a bar or a curve


def printable(value: object, longest: int = MAX_CHARACTERS) -> str:
    """Text as one line of at most `longest` characters, for a page.

    Control characters, lone surrogates and marks of the writing direction are replaced.
    """
    text = " ".join(str(value)[: 4 * longest].split())
    seen = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return seen if len(seen) <= longest else seen[: longest - 1].rstrip() + "…"


def label(value: Label, longest: int = MAX_CHARACTERS) -> str:
    """A class as text, as the model's page shows it: 1.0 as 1, since JSON has one number type."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return printable(text, longest) or "(empty)"


def number(value: float, digits: int = 3) -> str:
    """A number with three significant digits and a minus sign; integers in full."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}g}"
    if "e" in text and 1e3 <= abs(value) < 1e9:  # which `g` writes with an exponent
        text = f"{value:,.0f}"
    return text.replace("-", "\N{MINUS SIGN}")


def percent(part: float) -> str:
    """A share in percent; never 100 % or 0 % unless it is exact."""
    value = 100 * part
    if 0 < value < 0.1:
        return "under 0.1 %"
    if 99.9 < value < 100:
        return "over 99.9 %"
    return f"{value:.1f} %".replace(".0 %", " %")


def pluralize(count: int, one: str) -> str:
    """A count with its noun, in the plural unless the count is 1."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"
