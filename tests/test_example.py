"""Example rows are made from any signature that the manifest accepts, not only from packed ones."""

import pytest

from service.model import example
from service.model.signature import Input, Output, Signature


def numbers(minimum: float | None, maximum: float | None) -> list[float]:
    one = Input(name="a", kind="number", dtype="float64", minimum=minimum, maximum=maximum)
    output = Output(name="b", kind="number")
    signature = Signature(container="array", inputs=(one,), outputs=(output,))
    return example.columns(signature)["a"]


@pytest.mark.parametrize(
    ("minimum", "maximum", "expected"),
    [
        (0.0, 10.0, [5.0, 2.5, 7.5]),
        (0.5, 0.5, [0.5, 0.5, 0.5]),
        (None, None, [0.0, 0.0, 0.0]),
        (0.1, None, [0.1, 0.1, 0.1]),  # of a manifest that was edited
        (None, -0.1, [-0.1, -0.1, -0.1]),
        (10.0, 0.0, [5.0, 2.5, 7.5]),
    ],
)
def test_examples_are_within_the_range_of_the_sample(
    minimum: float | None, maximum: float | None, expected: list[float]
) -> None:
    assert numbers(minimum, maximum) == expected
