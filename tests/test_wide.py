"""Wide tables: the work of packing grows with the columns, and what it finds is still right."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from service.model import equality, probe_rows
from service.model.engines import Column, ScikitLearn
from service.model.equality import SINGLE_ROWS, UnequalError
from service.model.signature import Input, Output, Signature
from training import pack as packing
from training import summary
from training.conversion import encoder_tables
from training.engine import selection
from training.estimators.fitted_model import FittedModel
from training.estimators.thresholds import thresholds
from training.samples import sample
from training.signature import probe
from training.signature.infer import infer_signature
from training.signature.probe import Probe


class Counting(LogisticRegression):  # type: ignore[misc]
    """Counts the values that it predicts for."""

    values = 0
    calls = 0

    def predict(self, X: Any) -> Any:  # noqa: N803 (scikit-learn's name)
        type(self).values += X.size
        type(self).calls += 1
        return super().predict(X)


def numbers(width: int, rows: int = 40) -> pd.DataFrame:
    chance = np.random.default_rng(0)
    return pd.DataFrame(
        chance.normal(size=(rows, width)), columns=[f"c{place}" for place in range(width)]
    )


def read(table: pd.DataFrame, folder: Path) -> sample.Sample:
    table.to_csv(folder / "rows.csv", index=False)
    return sample.read(folder / "rows.csv", named=True)


def counted(width: int, folder: Path) -> int:
    table = numbers(width)
    Counting.values = 0
    infer_signature(Counting().fit(table, table.c0 > 0), read(table, folder), [])
    return Counting.values


@pytest.mark.slow
def test_four_times_the_columns_are_tried_with_at_most_four_times_the_rows(tmp_path: Path) -> None:
    few, many = counted(500, tmp_path), counted(2000, tmp_path)
    assert many / 2000 < 4 * few / 500


def test_each_of_many_columns_takes_null_exactly_where_it_is_imputed(tmp_path: Path) -> None:
    table = numbers(600)
    imputed = list(table.columns[::2])
    model = make_pipeline(
        make_column_transformer((SimpleImputer(), imputed), remainder="passthrough"),
        LogisticRegression(),
    ).fit(table, table.c0 > 0)
    signature = infer_signature(model, read(table, tmp_path), [])
    assert [one.name for one in signature.inputs if one.nullable] == imputed


@pytest.mark.slow
def test_many_closed_columns_have_all_categories_that_the_encoder_learned(tmp_path: Path) -> None:
    letters = np.random.default_rng(0).choice(["a", "b", "c"], size=(60, 240))
    table = pd.DataFrame(letters, columns=[f"c{place}" for place in range(240)])
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(table, table.c0 == "a")
    signature = infer_signature(model, read(table, tmp_path), [])
    assert {one.categories for one in signature.inputs if one.closed} == {("a", "b", "c")}
    assert all(one.closed for one in signature.inputs)


@pytest.mark.slow
def test_a_model_of_many_columns_works_at_each_bound_that_was_found(tmp_path: Path) -> None:
    table = numbers(300)
    model = PoissonRegressor().fit(table, np.abs(table.c0))
    inputs = infer_signature(model, read(table, tmp_path), []).inputs
    lowest: list[Any] = [one.lowest for one in inputs]
    highest: list[Any] = [one.highest for one in inputs]
    for bounds in (lowest, highest):
        alone = np.where(np.eye(300, dtype=bool), bounds, table.to_numpy()[0])
        rows = pd.DataFrame(np.vstack([alone, bounds]), columns=table.columns)
        assert np.isfinite(model.predict(rows)).all()


def test_a_wide_file_keeps_fewer_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "KEPT_CELLS", 6_000)
    monkeypatch.setattr(sample, "CHUNK_CELLS", 1_000)
    monkeypatch.setattr(sample, "MIN_KEPT_ROWS", 10)
    found = read(numbers(20, rows=700), tmp_path)
    assert (found.rows, found.kept) == (700, 300)
    assert {len(column.values) for column in found.columns.values()} == {300}


@pytest.mark.parametrize(("width", "rows"), [(1, 10_000), (2000, 10_000), (10_000, 2000)])
def test_fewer_rows_are_drawn_around_the_sample_of_a_wide_table(width: int, rows: int) -> None:
    assert probe_rows.limit_rows(probe_rows.ROWS, width) == rows


def test_thresholds_of_more_columns_than_can_be_tried_alone_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe_rows, "MAX_EDGE_ROWS", 100)
    names = [f"c{place}" for place in range(50)]
    signature = Signature(
        container="array",
        inputs=tuple(
            Input(name=name, kind="number", dtype="float64", lowest=-9.0, highest=9.0)
            for name in names
        ),
        outputs=(Output(name="y", kind="number"),),
    )
    columns = {name: np.zeros(5) for name in names}
    drawn = probe_rows.generate(
        signature, columns, {name: np.array([1.0, 2.0]) for name in names}, 1000
    )
    assert len(drawn["c0"]) == 1000 + 100
    for values in drawn.values():
        assert {1.0, 2.0} <= set(values[:1000].tolist())


def test_engines_are_compared_in_all_rows_of_a_wide_table_but_few_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(equality, "BATCH_CELLS", 2000)
    table = numbers(10, rows=430)
    model = LogisticRegression().fit(table.to_numpy(), table.c0 > 0)
    signature = Signature(
        container="array",
        inputs=tuple(
            Input(name=name, kind="number", dtype="float64", lowest=-9.0, highest=9.0)
            for name in table.columns
        ),
        outputs=(Output(name="y", kind="boolean", labels=(False, True)),),
    )
    sizes: list[int] = []

    class Wrong(ScikitLearn):
        """Wrong in the last row of one batch."""

        at = -1

        def predict(self, columns: Sequence[Column]) -> list[Column]:
            [found] = super().predict(columns)
            if len(sizes) == self.at:
                found[-1] = not found[-1]
            sizes.append(len(columns[0]))
            return [found]

    theirs = Wrong(model, signature)
    columns = {name: table[name].to_numpy() for name in table.columns}
    proof = selection.verify_equivalence(FittedModel(model), signature, theirs, columns, 1e-9)
    batches = [size for size in sizes if size > 1]
    assert sum(batches) == proof["rows"] > 10_000
    assert max(batches) == 200
    assert len(sizes) - len(batches) == 2 * SINGLE_ROWS
    for place in (1, 2 + SINGLE_ROWS, len(sizes) - 1):
        sizes.clear()
        theirs.at = place
        with pytest.raises(UnequalError, match="labels differ"):
            selection.verify_equivalence(FittedModel(model), signature, theirs, columns, 1e-9)


def test_thresholds_of_a_scaled_wide_table_take_little_memory() -> None:
    table = numbers(1500, rows=1500)
    table.iloc[:, 1:] = 0.0
    model = make_pipeline(MinMaxScaler(), DecisionTreeRegressor()).fit(table, np.arange(1500))
    tracemalloc.start()
    try:
        found = thresholds(model, list(table.columns))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found["c0"]) > 1000
    assert peak < 2**22  # one matrix of them has 12 MB


class CountingEncoder(OneHotEncoder):  # type: ignore[misc]
    """Counts its calls."""

    calls = 0

    def transform(self, X: Any) -> Any:  # noqa: N803 (scikit-learn's name)
        type(self).calls += 1
        return super().transform(X)


def test_the_tables_of_many_columns_are_read_with_few_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    letters = np.random.default_rng(0).choice(["a", "b", "c"], size=(60, 40))
    table = pd.DataFrame(letters, columns=[f"c{place}" for place in range(40)])
    encoder = CountingEncoder(handle_unknown="ignore")
    model = FittedModel(make_pipeline(encoder, LogisticRegression()).fit(table, letters[:, 0]))
    inputs = tuple(
        Input(name=name, kind="category", dtype="str", nullable=True) for name in table.columns
    )
    outputs = (Output(name="y", kind="number"),)
    signature = Signature(container="frame", inputs=inputs, outputs=outputs)
    codes = encoder_tables.codes_of(model, signature)
    found = []
    for cells, calls in ((2_000_000, 2), (1, 41)):
        monkeypatch.setattr(encoder_tables, "MAX_CELLS", cells)
        CountingEncoder.calls = 0
        part = model.estimator[0]
        found.append(encoder_tables.tables(part, list(table.columns), signature, codes))
        assert CountingEncoder.calls == calls
    for one, other in zip(*(each.tables for each in found), strict=True):
        np.testing.assert_array_equal(one, other)
        # a, b, c, any other, null
        np.testing.assert_array_equal(one, np.eye(5, 3))
    assert found[0].order == found[1].order == list(range(120))


def test_no_exact_bound_is_searched_for_many_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = numbers(120) / 100
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, table.c0 > 0)
    trials = 0
    works_at = Probe.works_at

    def counted(self: Probe, bounds: Any) -> bool:
        nonlocal trials
        trials += 1
        return works_at(self, bounds)

    monkeypatch.setattr(Probe, "works_at", counted)
    inputs = infer_signature(model, read(table, tmp_path), []).inputs
    assert trials == 2 * 2  # the largest float, then 1e300
    assert {one.highest for one in inputs} == {1e300}
    rows = pd.DataFrame([{one.name: one.highest for one in inputs}])
    assert np.isfinite(model.predict_proba(rows)).all()


class Scored(DecisionTreeClassifier):  # type: ignore[misc]
    """Has probabilities, which are served, and scores, which are not."""

    def decision_function(self, X: Any) -> Any:  # noqa: N803 (scikit-learn's name)
        raise AssertionError("is not served")


def test_only_what_is_served_is_tried(tmp_path: Path) -> None:
    table = numbers(3)
    signature = infer_signature(Scored().fit(table, table.c0 > 0), read(table, tmp_path), [])
    assert signature.confidence == "probabilities"


def test_many_columns_are_tried_alone_in_one_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = numbers(400)
    model, rows = Counting().fit(table, table.c0 > 0), read(table, tmp_path)
    found, calls = [], []
    for most in (probe.MAX_COLUMNS_ALONE, probe.HALVES):
        monkeypatch.setattr(probe, "MAX_COLUMNS_ALONE", most)
        Counting.calls = 0
        found.append(infer_signature(model, rows, []))
        calls.append(Counting.calls)
    assert found[0] == found[1]
    assert calls[0] < calls[1]


class Slow:
    """An engine that counts its calls."""

    calls = 0

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        self.calls += 1
        return list(columns)

    confidence = predict


def test_long_calls_are_timed_fewer_times(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, columns = Slow(), [np.zeros(3)]
    selection.median_seconds(engine, columns, 1)
    assert engine.calls == 10
    monkeypatch.setattr(selection, "LONG_SECONDS", 0.0)
    selection.median_seconds(engine, columns, 1)
    assert engine.calls == 14


def test_shared_calls_of_a_wide_table_are_tried_for_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, given = numbers(3), set()

    def tried(*arguments: Any) -> bool:
        given.add(arguments[3])
        return True

    monkeypatch.setattr(packing, "are_rows_independent", tried)
    model, rows = LogisticRegression().fit(table, table.c0 > 0), read(table, tmp_path)
    packing.pack(model, rows, targets=[], name="x", folder=tmp_path / "a")
    assert given == {float("inf")}
    monkeypatch.setattr(packing, "WIDE_COLUMNS", 2)
    packing.pack(model, rows, targets=[], name="x", folder=tmp_path / "a")
    assert given == {float("inf"), packing.WIDE_SECONDS}


def test_the_summary_of_a_wide_table_shows_the_first_inputs_and_counts_the_others(
    tmp_path: Path,
) -> None:
    table = numbers(60)
    signature = infer_signature(
        LogisticRegression().fit(table, table.c0 > 0), read(table, tmp_path), []
    )
    lines = summary.inputs_and_outputs(signature).splitlines()
    assert lines[50].split()[0] == "c49"
    assert lines[51].split() == ["…", "and", "10", "more:", "they", "are", "in", "manifest.json"]
    assert lines[-1].split()[0] == "prediction"
