"""JSON Schemas as text, as `/docs` shows them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup, escape

from service.api.page.model_view import SHOWN, label_text, short

Shape = Mapping[str, Any]

SCHEMAS = "#/components/schemas/"
TYPES = {"string": "text", "array": "list"}
MAX_CHARACTERS = 64  # of a value


def titled(found: Any, names: Mapping[str, str]) -> Any:
    """Add a title to each reference to a schema."""
    if isinstance(found, list):
        return [titled(one, names) for one in found]
    if not isinstance(found, dict):
        return found
    if isinstance(target := found.get("$ref"), str) and target.startswith(SCHEMAS):
        return {**found, "title": names[target.removeprefix(SCHEMAS)]}
    return {name: titled(one, names) for name, one in found.items()}


def about(found: Shape) -> Markup:
    """A description, with text in backticks as code."""
    parts = re.split(r"`([^`]+)`", found.get("description", ""))
    return Markup().join(code(part) if place % 2 else part for place, part in enumerate(parts))


def code(text: str) -> Markup:
    """Text as code."""
    return Markup("<code>{}</code>").format(text)


def shape(found: Shape) -> Markup:
    """A JSON Schema as text; schemas of the components are linked."""
    if "$ref" in found:
        name = found["$ref"].removeprefix(SCHEMAS)
        return Markup('<a href="#schema-{}">{}</a>').format(name, found["title"])
    if "anyOf" in found:
        return Markup(", or ").join(shape(one) for one in found["anyOf"])
    if "enum" in found:
        return Markup("one of {}").format(several([value(one) for one in found["enum"]]))
    if "const" in found:
        return value(found["const"])
    if "properties" in found:
        return Markup("object<ul>{}</ul>").format(Markup().join(members(found)))
    if "prefixItems" in found:
        return Markup("list of {}, in this order").format(
            several([shape(one) for one in found["prefixItems"]])
        )
    kinds = found.get("type", "anything")
    words = [TYPES.get(one, one) for one in ([kinds] if isinstance(kinds, str) else kinds)]
    held = f" that holds {found['contentMediaType']}" if "contentMediaType" in found else ""
    text = escape(" or ".join(words) + held + bounds(found))
    return Markup("{}, each {}").format(text, shape(found["items"])) if "items" in found else text


def members(found: Shape) -> Iterator[Markup]:
    """The properties of an object, each with its own shape."""
    needed = found.get("required", ())
    for name, one in found["properties"].items():
        yield Markup("<li>{}: {}{}{}</li>").format(
            code(name),
            "" if name in needed else Markup("<i>optional</i>, "),
            shape(one),
            Markup("<small>{}</small>").format(about(one)) if "description" in one else "",
        )


def bounds(found: Shape) -> str:
    """The range of a number, or of the length of a list or a text."""
    for least, most, before, unit in (
        ("minimum", "maximum", ", ", ""),
        ("minItems", "maxItems", " of ", " value"),
        ("minLength", "maxLength", ", ", " character"),
    ):
        if least in found:
            low, high = found[least], found.get(most)
            span = short(low) if high is None or high == low else f"{short(low)} to {short(high)}"
            several = "s" if unit and (high or low) != 1 else ""
            return f"{before}{'at least ' if high is None else ''}{span}{unit}{several}"
    return ""


def several(shown: list[Markup]) -> Markup:
    """The first values of several, and the number of the rest."""
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return Markup("{}{}").format(Markup(", ").join(shown[:SHOWN]), more)


def value(found: Any) -> Markup:
    """A constant of a schema, as code."""
    plain = isinstance(found, str | bool | int | float)
    text = label_text(found) if plain else json.dumps(found, ensure_ascii=False)
    return code(
        text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}\N{HORIZONTAL ELLIPSIS}"
    )
