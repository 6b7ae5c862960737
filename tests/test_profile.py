"""The profile of a sample: right counts, no row, and no category that few rows have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from service.model.artifact import ManifestError
from service.model.manifest import Manifest
from service.model.predictor import Predictor, as_column
from service.model.profile import Bins, Counter
from service.model.version import content_version
from tests.support import frame_steps
from tests.support.packed import packed
from tests.support.sample_files import read_back
from training.pack import PackOptions, pack

CANARY = "canary-0f7d9e"
ROWS = 400


def bins_of(by: Any, **values: Any) -> Bins:
    empty = Bins(by=by, counts=(), **values)
    return Bins(by=by, counts=(0,) * empty.size, **values)


def counted(bins: Bins, values: list[Any], dtype: str, known: Any = None) -> list[int]:
    found: list[int] = Counter(bins, known).count(as_column(values, dtype)).tolist()
    return found


@pytest.mark.parametrize("dtype", ["float64", "Float64"])
def test_numbers_are_counted_by_interval_with_its_end_and_outside_and_null(dtype: str) -> None:
    bins = bins_of("numbers", edges=(1.0, 2.0, 3.0))
    values = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.1, 4.0, None]
    assert counted(bins, values, dtype) == [1, 3, 2, 2, 1]


def test_the_only_value_of_a_sample_is_neither_below_nor_above() -> None:
    assert counted(bins_of("numbers", edges=(7.0, 7.0)), [6, 7, 7, 8], "int64") == [1, 2, 1, 0]


def test_lengths_of_texts_are_counted() -> None:
    bins = bins_of("lengths", edges=(2.0, 3.0, 4.0))
    assert counted(bins, ["", "ab", "abc", "abcd", "abcde", None], "object") == [1, 2, 1, 1, 1]


def test_categories_are_counted_with_other_and_unknown_ones() -> None:
    bins = bins_of("categories", categories=("a", "b"))
    values = ["a", "a", "b", "rare", "new", None]
    assert counted(bins, values, "object", ["a", "b", "rare"]) == [2, 1, 1, 1, 1]
    assert counted(bins, values, "object") == [2, 1, 2, 0, 1]


def test_the_sensors_are_binned_at_the_deciles_of_numpy(artifact: Path) -> None:
    manifest = Manifest.from_json((artifact / "manifest.json").read_text())
    assert manifest.profile is not None
    values = packed("sensors")[0].rows
    for name in ("sensor_1", "sensor_2"):
        bins = manifest.profile.inputs[name]
        deciles = np.quantile(values[name], np.linspace(0, 1, 11), method="inverted_cdf")
        assert bins.edges == tuple(deciles)
        below, *inside, above, null = bins.counts
        intervals = pd.cut(values[name], [-np.inf, *deciles[1:]]).value_counts(sort=False)
        assert (below, above, null) == (0, 0, 0)
        assert inside == intervals.tolist()


def test_outputs_and_confidence_are_those_of_the_estimator() -> None:
    case, predictor, _ = packed("sensors")
    profile = predictor.manifest.profile
    assert profile is not None
    rows = case.own(case.rows)
    labels = pd.Series(case.estimator.predict(rows)).value_counts()
    [bins] = profile.outputs.values()
    assert dict(zip(bins.categories, bins.counts[:2], strict=True)) == labels.to_dict()
    highest = case.estimator.predict_proba(rows).max(axis=1)
    [confidence] = profile.confidence.values()
    assert confidence.mean == pytest.approx(highest.mean())
    assert confidence.deviation == pytest.approx(highest.std())


@pytest.mark.parametrize("name", ["mixed table, open categories", "text", "several labels"])
def test_a_manifest_with_a_profile_is_read_as_it_was_written(name: str) -> None:
    manifest = packed(name)[1].manifest
    assert manifest.profile is not None
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose sample has a category nine times, another ten times, and texts of people."""
    random = np.random.default_rng(0)
    shop = np.array(["north"] * ROWS, dtype=object)
    shop[:9], shop[9:19] = CANARY, "south"
    shop = random.permutation(shop)
    rows = pd.DataFrame({"shop": shop, "area": random.normal(80, 20, ROWS).round(1)})
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer((encoder, ["shop"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(rows, rows["area"] > 80)
    folder = tmp_path_factory.mktemp("rare")
    pack(model, read_back(rows, folder), targets=[], name="x", folder=folder / "artifact")
    return folder / "artifact"


def test_a_category_of_fewer_than_ten_rows_is_not_listed(rare: Path) -> None:
    profile = Predictor.load(rare).manifest.profile
    assert profile is not None
    bins = profile.inputs["shop"]
    assert bins.categories == ("north", "south")
    assert bins.counts == (ROWS - 19, 10, 9, 0, 0)
    assert CANARY not in str(profile)


def test_a_text_is_in_no_profile() -> None:
    case, predictor, _ = packed("text")
    written = json.loads(predictor.manifest.to_json())["profile"]
    assert written["inputs"]["remark"]["by"] == "lengths"
    texts = case.rows["remark"].tolist()
    assert not [text for text in texts if text in json.dumps(written)]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_moments_are_not_listed(tmp_path: Path, suffix: str) -> None:
    times = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(ROWS) % 20, unit="h")
    rows = pd.DataFrame({"when": pd.Series(times)})
    tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    model = make_pipeline(FunctionTransformer(frame_steps.hours), tree)
    model.fit(rows, (rows["when"].dt.hour > 12).astype(int))
    options = PackOptions(trusted=["tests.support.frame_steps"])
    sample = read_back(rows, tmp_path, suffix)
    folder = tmp_path / "a"
    manifest = pack(model, sample, targets=[], name="x", folder=folder, options=options)
    assert manifest.signature.inputs[0].kind == "datetime"
    assert manifest.profile is not None
    assert manifest.profile.inputs["when"].categories == ()
    assert manifest.profile.inputs["when"].counts == (ROWS, 0, 0)


def test_a_small_sample_has_no_profile(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": np.linspace(0, 1, 99)})
    model = LogisticRegression().fit(rows, rows["a"] > 0.5)
    sample = read_back(rows, tmp_path)
    manifest = pack(model, sample, targets=[], name="x", folder=tmp_path / "a")
    assert manifest.profile is None
    assert "profile" not in json.loads(manifest.to_json())


def test_the_profile_does_not_change_the_version_and_models_without_one_load(
    own_artifact: Path, edit_manifest: Callable[[Callable[[dict[str, Any]], object]], None]
) -> None:
    with_profile = Predictor.load(own_artifact).manifest
    edit_manifest(lambda content: content.pop("profile"))
    without = Predictor.load(own_artifact).manifest
    assert (with_profile.profile is not None, without.profile) == (True, None)
    assert content_version(without) == content_version(with_profile)


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("rows",), 2999, "has not the rows of the profile"),
        (("inputs", "sensor_1", "by"), "texts", "is not one of numbers, lengths, categories"),
        (("inputs", "sensor_1", "edges"), [1.0], "is not the bins of a column"),
        (("inputs", "sensor_1", "edges", 3), -9.0, "is not the bins of a column"),
        (("inputs", "sensor_1", "counts", 3), -1, "is not the bins of a column"),
        (("inputs", "sensor_1", "categories"), ["a"], "is not the bins of a column"),
        (("inputs",), {"sensor_3": {"by": "numbers", "counts": []}}, "not in the signature"),
        (("confidence",), {"x": {"mean": 1.0, "deviation": 0.1}}, "not in the signature"),
    ],
)
def test_an_edited_profile_is_refused(
    own_artifact: Path,
    edit_manifest: Callable[[Callable[[dict[str, Any]], object]], None],
    place: tuple[Any, ...],
    value: Any,
    complaint: str,
) -> None:
    def edit(content: dict[str, Any]) -> None:
        parent = content["profile"]
        for key in place[:-1]:
            parent = parent[key]
        parent[place[-1]] = value

    edit_manifest(edit)
    with pytest.raises(ManifestError, match=complaint):
        Predictor.load(own_artifact)
