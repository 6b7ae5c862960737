"""Other people's text, and numbers, as a page and a picture can show them."""

from service.model.signature import Label

LONGEST = 80  # characters of a name on the page
SHORT = 16  # and beside a bar or a curve


def shown(value: object, longest: int = LONGEST) -> str:
    """Text in one line, without what cannot be seen, cut where it is too long.

    Control characters, lone surrogates and signs that turn the direction of writing are replaced.
    """
    text = " ".join(str(value)[: 4 * longest].split())
    seen = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return seen if len(seen) <= longest else seen[: longest - 1].rstrip() + "…"


def label(value: Label, longest: int = LONGEST) -> str:
    """A class as the model's page shows it: JSON has one kind of number."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return shown(text, longest) or "(empty)"


def number(value: float, digits: int = 3) -> str:
    """Some digits of a number, with a true minus sign; whole numbers whole."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}g}"
    if "e" in text and 1e3 <= abs(value) < 1e9:  # which `g` writes with an exponent
        text = f"{value:,.0f}"
    return text.replace("-", "\N{MINUS SIGN}")


def share(part: float) -> str:
    """A share in percent; never 100 % or 0 % of what is not."""
    percent = 100 * part
    if 0 < percent < 0.1:
        return "under 0.1 %"
    if 99.9 < percent < 100:
        return "over 99.9 %"
    return f"{percent:.1f} %".replace(".0 %", " %")


def many(count: int, one: str) -> str:
    """A count with its noun."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"
