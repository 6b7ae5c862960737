"""The manifest: it is read as it was written, and an invalid one is refused with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.model.manifest import FORMAT, Manifest


@pytest.fixture
def text(artifact: Path) -> str:
    return (artifact / "manifest.json").read_text()


def changed(text: str, **changes: Any) -> str:
    return json.dumps({**json.loads(text), **changes})


def test_it_is_read_as_it_was_written(text: str) -> None:
    manifest = Manifest.from_json(text)
    assert manifest.to_json() == text
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_it_has_all_that_was_promised(text: str) -> None:
    values = json.loads(text)
    assert values["format"] == FORMAT == 3
    trained = {"python", "numpy", "scipy", "scikit-learn", "joblib"}
    assert set(values["versions"]) == trained | {"onnx", "onnxruntime", "skl2onnx"}
    assert set(values["files"]["model.joblib"]) == {"sha256", "bytes"}
    assert set(values["data"]) == {"file", "sha256", "rows", "commit"}
    assert values["golden"]["inputs"]
    assert values["golden"]["outputs"]
    for key in (
        "name",
        "version",
        "created",
        "signature",
        "metrics",
        "engine",
        "seconds",
        "engines",
    ):
        assert values[key]


def test_clients_get_all_but_the_golden_rows_and_the_known_categories(text: str) -> None:
    values = json.loads(text)
    del values["golden"]
    assert "known" not in values  # it has no encoders
    assert json.loads(json.dumps(Manifest.from_json(text).public())) == values


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no format number"),
        ("{}", "no format number"),
        ('{"format": "1"}', "no format number"),
        ('{"format": 3}', "does not have the shape of format 3"),
    ],
)
def test_what_is_no_manifest_is_refused(content: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Manifest.from_json(content)


def test_the_error_for_another_format_names_the_side_to_update(text: str) -> None:
    with pytest.raises(ValueError, match=r"this service reads format \d+: update the service"):
        Manifest.from_json(changed(text, format=FORMAT + 1))
    with pytest.raises(ValueError, match=r"this service reads format \d+: pack the model again"):
        Manifest.from_json(changed(text, format=FORMAT - 1))


@pytest.mark.parametrize("key", ["files", "signature", "golden"])
def test_a_part_of_another_shape_is_refused(text: str, key: str) -> None:
    parts: list[Any] = [None, [1], {"x": {}}]
    for part in parts:
        with pytest.raises(ValueError, match="does not have the shape"):
            Manifest.from_json(changed(text, **{key: part}))
