"""What a model's version covers: all that decides what the service does, nothing measured."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.model.artifact import ArtifactError, ManifestError
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from service.model.version import content_version

Values = dict[str, Any]
Edit = Callable[[Callable[[Values], object]], None]

STEERING: dict[str, Callable[[Values], object]] = {
    "the other engine": lambda m: m.update(engine="scikit-learn"),
    "rows together": lambda m: m["engines"].update(
        rows_independent=not m["engines"]["rows_independent"]
    ),
    "no word on rows": lambda m: m["engines"].pop("rows_independent"),
    "fewer golden rows": lambda m: [column.pop() for column in m["golden"]["inputs"].values()],
    "another golden row": lambda m: m["golden"]["inputs"]["sensor_1"].__setitem__(0, 9.5),
    "a range": lambda m: m["signature"]["inputs"][0].update(highest=1.0),
    "a label": lambda m: m["signature"]["outputs"][0].update(labels=[0.0, 2.0]),
    "another model": lambda m: m["files"]["model.onnx"].update(sha256="0" * 64),
    "one file less": lambda m: m["files"].pop("model.joblib"),
    "numpy": lambda m: m["versions"].update(numpy="0.0.1"),
    "onnxruntime": lambda m: m["versions"].update(onnxruntime="0.0.1"),
}
SHOWN: dict[str, Callable[[Values], object]] = {
    "times": lambda m: m.update(seconds={"1": 0.5, "1000": 1.5}),
    "times of both engines": lambda m: m["engines"]["seconds"].clear(),
    "the reason": lambda m: m["engines"].update(why="because"),
    "name": lambda m: m.update(name="renamed"),
    "day": lambda m: m.update(created="2020-01-01T00:00:00+00:00"),
    "metrics": lambda m: m.update(metrics={}),
    "data": lambda m: m.update(data={}),
    "python": lambda m: m["versions"].update(python="3.99.0"),
    "what ONNX Runtime does not use": lambda m: m["versions"].update(scipy="0.0.1"),
    "last digits": lambda m: m["golden"]["outputs"]["probabilities"][0].__setitem__(0, 0.1),
    "no report": lambda m: m["files"].pop("report/index.html"),
}


@pytest.fixture
def values(artifact: Path) -> Values:
    content: Values = json.loads((artifact / "manifest.json").read_text())
    return content


def version_of(values: Values) -> str:
    return content_version(Manifest.from_json(json.dumps(values)))


def test_it_is_what_packing_wrote(values: Values) -> None:
    assert version_of(values) == values["version"]
    assert len(values["version"]) == 12


@pytest.mark.parametrize("what", STEERING)
def test_what_steers_the_service_gives_another_version(values: Values, what: str) -> None:
    before = version_of(values)
    STEERING[what](values)
    assert version_of(values) != before


def test_the_name_of_the_engine_counts_beside_its_libraries(values: Values) -> None:
    values["engine"] = "scikit-learn"
    before = version_of(values)
    values["engine"] = "another that uses the same libraries"
    assert version_of(values) != before


@pytest.mark.parametrize("what", SHOWN)
def test_what_is_measured_or_only_shown_does_not(values: Values, what: str) -> None:
    before, unchanged = version_of(values), json.dumps(values)
    SHOWN[what](values)
    assert json.dumps(values) != unchanged
    assert version_of(values) == before


@pytest.mark.parametrize("what", ["the other engine", "rows together", "fewer golden rows"])
def test_an_artifact_that_was_steered_elsewhere_is_not_loaded(
    own_artifact: Path, edit_manifest: Edit, what: str
) -> None:
    edit_manifest(STEERING[what])
    with pytest.raises(ManifestError, match="changed after packing"):
        Predictor.load(own_artifact)


def test_texts_of_an_artifact_cannot_break_the_line() -> None:
    assert str(ArtifactError("label is a\nb\x1b[2J\u2028, not c")) == "label is a b [2J , not c"
