"""The signature: what it keeps through the manifest, and what it refuses."""

import json
from dataclasses import replace

import pytest

from service.model.parsing import ShapeError
from service.model.signature import Input, Output, Signature

SIGNATURE = Signature(
    container="frame",
    inputs=(
        Input(name="b", kind="number", dtype="float64", minimum=0.0, maximum=1.5, highest=1e6),
        Input(name="a", kind="category", dtype="str", categories=("x", "y"), closed=True),
        Input(name="c", kind="integer", dtype="int64", nullable=True),
    ),
    outputs=(Output(name="y", kind="number", labels=(0.0, 1.0), confidence="probabilities"),),
)


def test_names_keep_the_model_s_order() -> None:
    assert SIGNATURE.names == ("b", "a", "c")


def test_it_is_equal_after_a_round_trip_through_json() -> None:
    assert Signature.from_dict(json.loads(json.dumps(SIGNATURE.to_dict()))) == SIGNATURE


def test_an_output_without_labels_has_none_after_a_round_trip() -> None:
    regression = replace(SIGNATURE, outputs=(Output(name="y", kind="number"),))
    assert Signature.from_dict(json.loads(json.dumps(regression.to_dict()))) == regression


@pytest.mark.parametrize("key", ["inputs", "outputs", "container"])
def test_a_missing_part_is_refused(key: str) -> None:
    values = SIGNATURE.to_dict()
    del values[key]
    with pytest.raises(ShapeError, match=f"{key} is missing"):
        Signature.from_dict(values)


def test_an_unknown_property_is_refused() -> None:
    values = json.loads(json.dumps(SIGNATURE.to_dict()))
    values["inputs"][0]["colour"] = "red"
    with pytest.raises(ShapeError, match="inputs/0/colour is unknown"):
        Signature.from_dict(values)
