"""Names of columns in a header line: as the model has them, but for blanks where that is clear.

A model may be fitted on " Age"; and people write "age, site".
"""

from collections import Counter
from collections.abc import Sequence


def matched(given: Sequence[str], known: Sequence[str]) -> list[str]:
    """The name among `known` that each of `given` means; one that means none stays as it is.

    The same name is meant first. Else blanks around a name do not count, if only one of those that
    are not given as they are is the same without.
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
    """Names without blanks around them; as they are where two would then be the same."""
    stripped = [name.strip() for name in given]
    times = Counter(stripped)
    return [bare if times[bare] == 1 else name for name, bare in zip(given, stripped, strict=True)]
