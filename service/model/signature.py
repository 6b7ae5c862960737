"""The contract of a model: its inputs and outputs by name.

It is written once, when the model is packed, and is the only source of the request schema, the
column order and the documentation.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Label = float | int | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One column that the model takes.

    `dtype` is the NumPy type the model computes in. `minimum` and `maximum` are what training saw,
    for people to read; they refuse nothing. `limit` is the largest magnitude with which the packed
    model was seen to work; anything beyond it is refused.
    """

    name: str
    kind: Literal["number"]
    dtype: str
    minimum: float
    maximum: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One value per row that the model returns.

    `labels` are the classes of a classifier in the model's own order, else None. `probabilities`
    says whether the model can give one number per label, too.
    """

    name: str
    kind: Literal["number"]
    labels: tuple[Label, ...] | None = None
    probabilities: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Inputs in the order in which the model takes them, and outputs."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs, in the model's order."""
        return tuple(column.name for column in self.inputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the manifest holds them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Signature":
        """Build from plain values; TypeError or KeyError when they have another shape."""
        inputs = tuple(Input(**column) for column in values["inputs"])
        outputs = tuple(
            Output(**{**output, "labels": output["labels"] and tuple(output["labels"])})
            for output in values["outputs"]
        )
        return cls(inputs=inputs, outputs=outputs)
