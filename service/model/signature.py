"""The contract of a model: its inputs and outputs by name.

It is written once, when the model is packed, and is the only source of the request schema, the
column order and the documentation.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from service.model import dates, parsing
from service.model.parsing import ShapeError

Label = float | int | str | bool
Kind = Literal["number", "integer", "boolean", "category", "text", "date", "datetime"]
Null = Literal["nan", "none"]
Container = Literal["array", "frame", "list"]
WHOLE_NUMBERS = "whole numbers"  # form of text
Confidence = Literal["probabilities", "scores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One column that the model takes.

    `dtype` is the type that its values get: NumPy's name, or pandas' in a frame. A `nullable`
    column takes null. `minimum` and `maximum` of numbers are what the sample held, for people to
    read; they refuse nothing. From `lowest` to `highest` the packed model was seen to work; a
    number beyond is refused. `categories` are the values of a category; where it
    is `closed`, the model knows no others, and they are refused.

    `null` says what null becomes where the type can hold both: `nan`, or Python's None, which
    encoders tell apart. `earliest` and `latest` of dates and times are what `minimum` and `maximum`
    are of numbers. `form` is the one in which the model gets dates and times as text, such as
    `YYYY-MM-DD HH:MM:SS`; without it they are arrays of `dtype`. Of text it is WHOLE_NUMBERS, or
    None: whether a whole number stands for its digits. `empty_text` says of text that the model
    learned the empty one, so that an empty cell of CSV is that, and not null.
    """

    name: str
    kind: Kind
    dtype: str
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    lowest: float | None = None
    highest: float | None = None
    categories: tuple[Label, ...] | None = None
    closed: bool = False
    null: Null = "nan"
    earliest: str | None = None
    latest: str | None = None
    form: str | None = None
    empty_text: bool = False


LATER = {  # members of later versions
    "null": "nan",
    "earliest": None,
    "latest": None,
    "form": None,
    "empty_text": False,
}


def takes_strings(one: Input) -> bool:
    """Whether an input's values are strings, so that a list in a string may be one."""
    is_text = one.kind in ("text", "date", "datetime")
    return is_text or isinstance((one.categories or [None])[0], str)


def empty_cell(one: Input) -> str | None:
    """What an empty cell is where a value is text: the empty text, or null."""
    is_known = one.empty_text or "" in (one.categories or ())
    return "" if is_known or (one.kind == "text" and not one.nullable) else None


def has_zone(one: Input) -> bool:
    """Whether an input's times have a zone."""
    return dates.has_zone(one.form) if one.form else dates.zone_of(one.dtype) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One value per row that the model returns.

    `labels` are the classes of a classifier in the model's own order, else None. `confidence` says
    what else there is for each row on request: one probability per label, or the scores of a model
    without probabilities (scikit-learn's `decision_function`).
    """

    name: str
    kind: Kind
    labels: tuple[Label, ...] | None = None
    confidence: Confidence | None = None


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Inputs in the order in which the model takes them, and outputs.

    `container` is what the model was fitted on: a two-dimensional NumPy array, a pandas DataFrame,
    or (of one input) a one-dimensional list of values, as text vectorizers take it.
    """

    container: Container
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs, in the model's order."""
        return tuple(column.name for column in self.inputs)

    @property
    def confidence(self) -> Confidence | None:
        """What the outputs have besides their values; the same for all of them."""
        return self.outputs[0].confidence

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what was added later is left out where it says nothing, so that a model
        that was packed before keeps its version."""
        values = asdict(self)
        for one in values["inputs"]:
            for name, default in LATER.items():
                if one[name] == default:
                    del one[name]
        return values

    def check(self) -> None:
        """Raise ShapeError where values of the right types make no contract."""
        for part, columns in (("inputs", self.inputs), ("outputs", self.outputs)):
            names = [column.name for column in columns]
            if not names or len(set(names)) < len(names):
                raise ShapeError(f"signature/{part} are none, or two have the same name")
        if len({output.confidence for output in self.outputs}) > 1:
            raise ShapeError("signature/outputs have different kinds of confidence")
        if self.container == "list" and len(self.inputs) > 1:
            raise ShapeError("signature/inputs are several, but the container is a list of one")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Signature":
        """Build from plain values; ShapeError when they have another shape."""
        return parsing.read(cls, values)
