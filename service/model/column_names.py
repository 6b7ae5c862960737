"""Matches names of columns to those of the model, without surrounding blanks if that is
unambiguous.

A model may be fitted on " Age", and header lines may be like "age, site".
"""

from collections import Counter
from collections.abc import Sequence


def matched(given: Sequence[str], known: Sequence[str]) -> list[str]:
    """Each of `given` as the known name that it matches, or unchanged if it matches none.

    An equal name matches. Otherwise a name matches if it is equal without surrounding blanks to
    exactly one known name that is not given literally.
    """
    exact = set(given) & set(known)
    left: dict[str, list[str]] = {}
    for name in known:
        if name not in exact:
            left.setdefault(name.strip(), []).append(name)
    found = []
    for name in given:
        candidates = [] if name in exact else left.get(name.strip(), [])
        found.append(candidates[0] if len(candidates) == 1 else name)
    return found


def tidy(given: Sequence[str]) -> list[str]:
    """Names without surrounding blanks; unchanged if two would become equal."""
    stripped = [name.strip() for name in given]
    times = Counter(stripped)
    return [bare if times[bare] == 1 else name for name, bare in zip(given, stripped, strict=True)]
