"""What a request asks for besides predictions, and the size of its answer.

The values are counted before the model predicts: rows times labels can be a hundred times what
came in.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.api.problems import Problem
from service.api.request_state import RequestState
from service.model.manifest import Manifest
from service.model.signature import Signature

TOP = "top"
MAX_TOP_DIGITS = 9  # digits
NUMBER_BYTES = 25  # the text of a 64-bit number and a separator
SHORT_ANSWER_BYTES = 65_536  # such an answer is computed in any case


@dataclass(frozen=True, slots=True)
class Details:
    """What a response has instead of predictions: probabilities or scores, or the `top` labels."""

    confidence: bool = False
    top: int = 0


PREDICTIONS = Details()


class AnswerSize:
    """The number of values in an answer of one model, and the limit."""

    def __init__(self, manifest: Manifest, max_values: int) -> None:
        signature = manifest.signature
        self.max_values = max_values
        self.outputs = len(signature.outputs)
        self.labels = [len(output.labels or ()) for output in signature.outputs]
        self.confidence = sum(widths(manifest).values())
        texts = [len(str(label)) for output in signature.outputs for label in output.labels or ()]
        self.value_bytes = max(NUMBER_BYTES, *texts, 0)
        self.has_top = why_no_top(signature) is None

    def per_row(self, details: Details) -> int:
        """The number of values per row: predictions, or labels and numbers."""
        if details.top:
            return sum(2 * min(details.top, labels) for labels in self.labels)
        return self.confidence if details.confidence else self.outputs

    def check(self, state: RequestState, per_row: int) -> None:
        """Raise Problem 422 if an answer would have more than `max_values` values.

        Problem 503 if it would be long while answers that clients do not read fill the memory.
        """
        rows = state.rows or 0
        values = rows * (per_row + len(state.extra))
        if values > self.max_values:
            raise self._too_many(rows, per_row, len(state.extra))
        size = values * self.value_bytes + (len(state.body or b"") if state.extra else 0)
        if size > SHORT_ANSWER_BYTES and state.is_full and state.is_full():
            raise Problem(
                503,
                "too many long answers are waiting for slow clients",
                headers={"Retry-After": str(random.choice((1, 2, 3)))},  # noqa: S311
            )

    def _too_many(self, rows: int, own: int, extra: int) -> Problem:
        per_row = own + extra
        max_rows = self.max_values // per_row
        ways = [f"send at most {max_rows} rows in a request"] if max_rows else []
        if self.has_top and own > 2:
            ways.append("ask for the K most probable labels of each row with top=K")
        return Problem(
            422,
            f"the answer would have {rows * per_row} values, {per_row} for each of {rows} rows; "
            f"at most {self.max_values} are allowed: {', or '.join(ways)}".rstrip(": "),
        )


def widths(manifest: Manifest) -> dict[str, int]:
    """The number of probabilities or scores per row of each output, by the golden rows."""
    signature = manifest.signature
    found: Any = manifest.golden.outputs.get(signature.confidence or "")
    if not found:
        return {}
    by_name = found if len(signature.outputs) > 1 else {signature.outputs[0].name: found}
    return {name: _width(values[0]) for name, values in by_name.items()}


def why_no_top(signature: Signature) -> str | None:
    """The reason why the labels of this model cannot be ranked; None if they can."""
    if signature.confidence != "probabilities":
        has = f"; it has {signature.confidence}" if signature.confidence else ""
        return f"this model has no probabilities{has}"
    if not all(output.labels for output in signature.outputs):
        return "this model has no list of labels"
    return None


def read_top(value: object, signature: Signature) -> int:
    """The number of labels that a request asks for, from text or a number; ValueError if
    invalid."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:MAX_TOP_DIGITS])
    if type(value) is not int or value < 1:
        raise ValueError("must be a whole number of labels, at least 1")
    if reason := why_no_top(signature):
        raise ValueError(reason)
    return value


def _width(value: float | Sequence[float]) -> int:
    return len(value) if isinstance(value, list) else 1
