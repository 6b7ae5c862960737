"""A manifest with any value exchanged: accepted, or refused in one line with exit code 65."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.__main__ import main
from service.app import create_app
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from service.model.version import content_version
from service.settings import Settings
from tests.support.packed import folder_of

MODELS = ("sensors", "mixed table, open categories", "several labels", "text")
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
SAME = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every value in a document, by the keys that lead to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        yield (*place, key)
        if isinstance(one, dict | list):
            yield from places(one, (*place, key))


def container(values: Any, place: Place) -> Any:
    for key in place[:-1]:
        values = values[key]
    return values


@st.composite
def mutated(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """The manifest of a model with one to three values exchanged, removed or added."""
    values: dict[str, Any] = json.loads((folder_of(name) / "manifest.json").read_text())
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(sorted(places(values), key=str)))
        inside = container(values, place)
        change = draw(st.sampled_from(["exchange", "exchange", "exchange", "remove", "add"]))
        if change == "exchange":
            inside[place[-1]] = draw(ANY_JSON)
        elif change == "remove":
            del inside[place[-1]]
        elif isinstance(inside, dict):
            inside[draw(st.text(max_size=9))] = draw(ANY_JSON)
        else:
            inside.append(draw(ANY_JSON))
    return values


def written(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)


def accepted(text: str) -> Manifest | None:
    """The manifest, or None if it is refused as it should be: ValueError, in one line."""
    try:
        return Manifest.from_json(text)
    except ValueError as error:
        complaint = str(error)
    assert "\n" not in complaint
    return None


@pytest.mark.parametrize("name", MODELS)
@SAME
@given(data=st.data())
def test_any_exchanged_value_is_accepted_or_refused(name: str, data: st.DataObject) -> None:
    values = data.draw(mutated(name))
    manifest = accepted(written(values))
    if manifest is not None:
        assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@SAME
@given(data=st.data())
def test_check_ends_with_0_or_65_and_one_line(
    name: str, data: st.DataObject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copied(folder_of(name), tmp_path)
    values = data.draw(mutated(name))
    manifest = accepted(written(values))
    if manifest is not None and data.draw(st.booleans()):
        # Who edits a manifest can also write the version that belongs to it.
        values["version"] = content_version(manifest)
    (folder / "manifest.json").write_text(written(values), encoding="utf-8", errors="surrogatepass")
    code = main(["check", str(folder)])
    printed = capsys.readouterr()
    if code == 0:
        assert printed.err == ""
        client = create_app(Settings(), Predictor.load(folder)).test_client()
        for path in ("/", "/docs", "/model", "/openapi.json"):
            assert client.get(path).status_code == 200
    else:
        assert code in (65, 66)  # 66: a file that is not there
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert printed.err.startswith("slipway: ")


WRONG: dict[str, tuple[Place, Any, str]] = {
    "a time that is text": (("seconds", "1000"), "soon", "seconds/1000 is a string, not a number"),
    "a time below zero": (("seconds", "1"), -1.0, "seconds/1 is not a time"),
    "no times": (("seconds",), {}, "seconds/1 is not a time"),
    "times in a list": (("seconds",), [1, 2], "seconds is an array, not an object"),
    "a size that is text": (("files", "model.onnx", "bytes"), "9", "bytes is a string"),
    "a size with decimals": (("files", "model.onnx", "bytes"), 9.0, "not an integer"),
    "a digest that is null": (("files", "model.onnx", "sha256"), None, "sha256 is null"),
    "files by number": (("files",), ["model.onnx"], "files is an array"),
    "golden rows that are no lists": (("golden", "inputs", "sensor_1"), 1.0, "not an array"),
    "golden outputs that are no lists": (
        ("golden", "outputs", "class"),
        1.0,
        "class is not an array",
    ),
    "no golden rows": (("golden", "inputs"), {"sensor_1": [], "sensor_2": []}, "have no rows"),
    "golden rows of another model": (
        ("golden", "inputs"),
        {"a": [1.0]},
        "not the columns of the signature",
    ),
    "a switch that is text": (("signature", "inputs", 0, "nullable"), "no", "not a boolean"),
    "an unknown kind": (("signature", "inputs", 0, "kind"), "numbr", "is not one of number"),
    "a category that is a list": (("signature", "outputs", 0, "labels"), [[1]], "labels/0 is an a"),
    "no outputs": (("signature", "outputs"), [], "signature/outputs is empty"),
    "engines in a list": (("engines",), [], "engines is an array"),
    "an engine that is a number": (("engine",), 1, "engine is an integer, not a string"),
    "a version that is a number": (("version",), 12, "version is an integer"),
    "a library's version in a list": (("versions", "numpy"), ["2"], "versions/numpy is an array"),
    "a library without a name": (("versions", ""), "1", "is not the name of a library"),
    "an unknown key": (("colour",), "red", "colour is unknown"),
    "a name of two lines": (("name",), "a\nb", "name is empty, or holds"),
    "a format that is true": (("format",), True, "no format number"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_value_of_another_type_is_named_with_its_place(
    what: str, artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, value, complaint = WRONG[what]
    folder = copied(artifact, tmp_path)
    values = json.loads((artifact / "manifest.json").read_text())
    container(values, place)[place[-1]] = value
    refused(folder, written(values), complaint, capsys)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"format": 3,', '"format": 3, "format": 3,', 'has the key "format" twice'),
        ('"kind": "number",', '"kind": "number", "kind": "text",', 'has the key "kind" twice'),
        ('"metrics": {', '"metrics": {"a": NaN, ', "has NaN"),
        ('"metrics": {', '"metrics": {"a": -Infinity, ', "has -Infinity"),
        ('"metrics": {', '"metrics": {"a": 1e999, ', "beyond the range of float64"),
        ('"metrics": {', '"metrics": {"a": "\\ud800", ', "surrogates not allowed"),
        ('"metrics": {', f'"metrics": {{"a": {"[" * 40}{"]" * 40}, ', "more than 32 levels"),
    ],
)
def test_json_that_readers_understand_differently_is_refused(
    old: str,
    new: str,
    complaint: str,
    artifact: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (artifact / "manifest.json").read_text()
    assert old in text
    refused(copied(artifact, tmp_path), text.replace(old, new, 1), complaint, capsys)


def refused(folder: Path, text: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Check that `check` ends with 65 and one line on stderr, which has the complaint."""
    (folder / "manifest.json").write_text(text)
    assert main(["check", str(folder)]) == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert complaint in printed.err


def copied(folder: Path, target: Path) -> Path:
    """The artifact, whose files are shared: a test changes its manifest only."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "manifest.json":
            link = target / path.relative_to(folder)
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(path)
    return target
