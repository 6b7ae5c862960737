"""Columns that the model does not take and that come back in the answer, such as identifiers:
`SERVICE_EXTRA_COLUMNS=echo`.
"""

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from service.api.details import TOP
from service.api.parse import PayloadLimits
from service.api.problems import MAX_ERRORS, Problem, pointer
from service.model.signature import Signature

SCALARS = frozenset({str, int, float, bool, type(None)})
CONFIDENCE = ("labels", "probabilities", "scores", TOP)  # keys that an answer may have

Extra = Mapping[str, Sequence[Any]]


def of_rows(
    rows: Sequence[Mapping[str, Any]], inputs: Sequence[str], limits: PayloadLimits
) -> dict[str, list[Any]]:
    """The columns of named rows that are no inputs; null where a row does not have one.

    Problem 422 if they are too many.
    """
    known = set(inputs)
    names = [name for name in dict.fromkeys(chain.from_iterable(rows)) if name not in known]
    if len(names) * len(rows) > limits.values:
        detail = f"{len(rows)} rows have {len(names)} columns that the model does not take"
        raise Problem(422, "the rows have too many columns", [{"pointer": "", "detail": detail}])
    return {name: [row.get(name) for row in rows] for name in names}


def reserved(signature: Signature) -> frozenset[str]:
    """The names of an answer's own members."""
    return frozenset({*(output.name for output in signature.outputs), *CONFIDENCE})


def check(extra: Extra, taken: Collection[str], first: str, rows: int) -> None:
    """Problem 422 unless the columns have other names than an answer's own members (`taken`), plain
    values, and as many as there are `rows`, the number of values of the input `first`."""
    errors = list(islice(_errors(extra, taken, first, rows), MAX_ERRORS))
    if errors:
        raise Problem(422, "columns of the request cannot come back in the answer", errors)


def _errors(
    extra: Extra, taken: Collection[str], first: str, rows: int
) -> Iterator[dict[str, str]]:
    for name, values in extra.items():
        if name in taken:
            detail = "is the name of a member of the answer: rename it, or leave it out"
            yield {"pointer": pointer(name), "detail": detail}
        elif len(values) != rows:
            detail = f"has {len(values)} rows, {first} has {rows}"
            yield {"pointer": pointer(name), "detail": detail}
        elif not all(map(_is_plain, values)):
            detail = "has other values than strings, finite numbers, booleans and null"
            yield {"pointer": pointer(name), "detail": detail}


def _is_plain(value: Any) -> bool:
    return type(value) in SCALARS and (type(value) is not float or math.isfinite(value))


def added(answer: bytes, extra: Extra) -> bytes:
    """A JSON object with the columns behind its members."""
    if not extra:
        return answer
    return answer[:-1] + b", " + json.dumps({**extra}).encode()[1:]
