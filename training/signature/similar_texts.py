"""Makes texts of the same form as others from their parts: 18:45 from 18:30 and 09:45.

A model that parses its texts refuses an arbitrary text, but accepts texts of the same form.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

PART = re.compile(r"\d+|[^\W\d_]+|[\W_]", re.UNICODE)
MAX_TEXTS = 8  # that are made
MAX_EXAMPLES = 200  # texts that they are made from


def similar_texts(texts: Sequence[str]) -> list[str]:
    """Other texts, of the same form as some of these."""
    known = set(texts)
    by_form: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    for text in list(dict.fromkeys(texts))[:MAX_EXAMPLES]:
        parts = PART.findall(text)
        if len(parts) == 1:
            parts = list(text)
        if any(part.isdigit() for part in parts):
            by_form[tuple(map(_form, parts))].append(parts)
    made: dict[str, None] = {}
    for group in by_form.values():
        made |= dict.fromkeys(text for text in map(_next, group[:MAX_TEXTS]) if text not in known)
        if len(made) >= MAX_TEXTS // 2:
            break
    made = dict.fromkeys(list(made)[: MAX_TEXTS // 2])
    for group in by_form.values():
        for place, first in enumerate(group):
            other = group[(place + 1) % len(group)]
            for cut in range(1, len(first)):
                mixed = "".join([*first[:cut], *other[cut:]])
                if mixed not in known:
                    made[mixed] = None
                if len(made) == MAX_TEXTS:
                    return list(made)
    return list(made)


def _next(parts: Sequence[str]) -> str:
    """The text with its last number increased by one, or decreased if it would get longer."""
    place = max(place for place, part in enumerate(parts) if part.isdigit())
    number, width = int(parts[place]), len(parts[place])
    changed = number + 1 if len(str(number + 1)) <= width else number - 1
    return "".join([*parts[:place], str(changed).zfill(width), *parts[place + 1 :]])


def _form(part: str) -> str:
    if part.isdigit():
        return "0" * len(part)
    return "a" if part.isalpha() else part
