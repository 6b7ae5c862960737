"""The signature of a model: its inputs and outputs by name.

It is written when the model is packed, and is the only source of the request schema, the order of
columns and the API documentation.
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
ENDLESS = 1e12  # a range that ends beyond limits no real number
WHOLE_NUMBERS = "whole numbers"  # a form of text
Confidence = Literal["probabilities", "scores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input column of the model.

    `dtype` is the type of its values: NumPy's name, or pandas' in a DataFrame. A `nullable` column
    accepts null. `minimum` and `maximum` are the range of the sample, for people to read. `lowest`
    and `highest` are the range within which the packed model was seen to work, and its engine was
    proved to be equal to the estimator; numbers outside are refused. `categories` are the values of
    a category; if `closed`, others are refused.

    `null` is the value for null if the type has two: `nan`, or Python's None; encoders distinguish
    them. `earliest` and `latest` are the range of dates and times in the sample. `form` is the
    format in which the model gets dates and times as text, such as `YYYY-MM-DD HH:MM:SS`; without
    it they are arrays of `dtype`. For text, `form` is WHOLE_NUMBERS if integers are accepted and
    converted to their digits, or None. `empty_text` is true if the model learned the empty text:
    an empty cell of CSV is then this text, not null.
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


ADDED_LATER = {  # keys and defaults
    "null": "nan",
    "earliest": None,
    "latest": None,
    "form": None,
    "empty_text": False,
}


def takes_strings(column: Input) -> bool:
    """Whether the values of an input are strings, so that a JSON list in a string may be a
    value."""
    is_text = column.kind in ("text", "date", "datetime")
    return is_text or isinstance((column.categories or [None])[0], str)


def empty_cell(column: Input) -> str | None:
    """The value of an empty cell where a value is text: the empty text, or null."""
    is_known = column.empty_text or "" in (column.categories or ())
    return "" if is_known or (column.kind == "text" and not column.nullable) else None


def limited_range(one: Input) -> tuple[float, float] | None:
    """The range of accepted numbers, or None if its ends are so large that they limit nothing."""
    if one.lowest is None or one.highest is None:
        return None
    is_endless = one.lowest <= -ENDLESS and one.highest >= ENDLESS
    return None if is_endless else (one.lowest, one.highest)


def has_zone(one: Input) -> bool:
    """Whether an input's times have a zone."""
    return dates.has_zone(one.form) if one.form else dates.zone_of(one.dtype) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One value per row that the model returns.

    `labels` are the classes of a classifier in the model's order, or None. `confidence` is what a
    request can get in addition: one probability per label, or the scores of a model without
    probabilities (scikit-learn's `decision_function`).
    """

    name: str
    kind: Kind
    labels: tuple[Label, ...] | None = None
    confidence: Confidence | None = None


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Inputs in the model's order, and outputs.

    `container` is the type that the model was fitted on: a two-dimensional NumPy array, a pandas
    DataFrame, or (with one input) a one-dimensional list of values, as for text vectorizers.
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
        """Probabilities or scores, or None; the same for all outputs."""
        return self.outputs[0].confidence

    def to_dict(self) -> dict[str, Any]:
        """Plain values. Keys that were added later are left out if they have the default, so that
        models packed without them keep their version."""
        values = asdict(self)
        for one in values["inputs"]:
            for name, default in ADDED_LATER.items():
                if one[name] == default:
                    del one[name]
        return values

    def check(self) -> None:
        """Raise ShapeError if values of the right types are not a valid signature."""
        for part, columns in (("inputs", self.inputs), ("outputs", self.outputs)):
            names = [column.name for column in columns]
            if not names or len(set(names)) < len(names):
                raise ShapeError(f"signature/{part} is empty, or two have the same name")
        if len({output.confidence for output in self.outputs}) > 1:
            raise ShapeError("signature/outputs have different kinds of confidence")
        if self.container == "list" and len(self.inputs) > 1:
            raise ShapeError("signature/inputs are several, but the container is a list of one")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Signature":
        """A signature from plain values; ShapeError if they are invalid."""
        return parsing.read(cls, values)
