"""Only a model with independent rows may predict for several requests at once."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from service.app import create_app
from service.model import row_independence
from service.model.boundary_rows import beside_boundaries
from service.model.engines import Column, Engine, ScikitLearn
from service.model.predictor import Predictor
from service.model.row_independence import are_rows_independent, hold_elsewhere, hold_here
from service.settings import Settings
from tests.support.described import described
from training.pack import PackOptions, pack
from training.samples.sample import read
from training.sensor_example import data

READINGS = data.read(data.DEFAULT)


def centred(rows: Any) -> Any:
    """What somebody writes who thinks of the training rows only."""
    return rows - np.mean(rows, axis=0)


def is_apart(model: Any) -> bool:
    _, signature, columns = described("sensors")
    fitted = model.fit(READINGS.inputs, READINGS.target)
    return are_rows_independent(
        ScikitLearn(fitted, signature), list(columns.values()), signature.confidence is not None
    )


@pytest.mark.parametrize("model", [DecisionTreeClassifier(), LogisticRegression()])
def test_rows_are_apart_for_usual_models(model: Any) -> None:
    assert is_apart(model)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(), LogisticRegression()])
def test_a_step_that_looks_at_all_rows_is_found(model: Any) -> None:
    assert not is_apart(make_pipeline(FunctionTransformer(centred), model))


def test_only_what_shows_in_probabilities_is_found() -> None:
    class Unsure(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no type hints
        def predict_proba(self, rows: Any) -> Any:
            return super().predict_proba(rows) * (1 - len(rows) / 1e6)

    assert not is_apart(Unsure())


def test_a_model_that_has_no_answer_is_not_known_to_be() -> None:
    class Shy(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no type hints
        def predict(self, rows: Any) -> Any:
            if len(rows) == 1:
                raise IndexError("squeezed")
            return super().predict(rows)

    assert not is_apart(Shy())


@pytest.mark.parametrize("apart", [True, False])
def test_the_service_shares_calls_only_if_packing_allows_it(apart: bool, tmp_path: Path) -> None:
    steps = [] if apart else [FunctionTransformer(centred)]
    model = make_pipeline(*steps, DecisionTreeClassifier(max_depth=5))
    manifest = pack(
        model.fit(READINGS.inputs, READINGS.target),
        read(data.DEFAULT),
        targets=["class"],
        name="test",
        folder=tmp_path / "model",
        options=PackOptions(engine="sklearn", trusted=[centred.__module__]),
    )
    assert manifest.rows_independent is apart
    predictor = Predictor.load(tmp_path / "model", [centred.__module__])
    fast_path = create_app(Settings(), predictor).fast_path
    assert fast_path
    assert fast_path.can_batch is apart


class Kernel(Engine):
    """An engine that rounds the rows left over of 8 otherwise, if they are `left`: the behaviour of
    ONNX Runtime 1.28 on ARM64, with a matrix product of float64."""

    calls = 0

    def __init__(self, left: Collection[int]) -> None:
        self.left = left

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        self.calls += 1
        found = columns[0] * 3.0
        rest = len(found) % 8
        if rest in self.left:
            found[len(found) - rest :] = np.nextafter(found[len(found) - rest :], np.inf)
        return [found]

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        raise AssertionError("it has none")


ROWS = [np.linspace(0.1, 1.0, 64)]


@pytest.mark.parametrize("left", [{4, 5, 6, 7}, {7}, {1}, {2}, {3}, {4}, {5}, {6}])
def test_a_kernel_that_rounds_the_last_rows_otherwise_is_found(left: set[int]) -> None:
    assert not are_rows_independent(Kernel(left), ROWS, False)
    assert are_rows_independent(Kernel(()), ROWS, False)


def test_it_is_found_where_the_model_is_served_from_a_few_rows_and_soon() -> None:
    few = [ROWS[0][:8]]
    assert not hold_here(Kernel({4, 5, 6, 7}), few, False)
    assert hold_here(Kernel(()), few, False)
    kernel = Kernel(())
    assert are_rows_independent(kernel, ROWS, False, seconds=0.0)
    assert kernel.calls == 2  # a slow model is not tried for long


def test_a_service_on_such_a_processor_shares_no_call(
    artifact: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(row_independence, "hold_here", lambda *_: False)
    app = create_app(Settings(model=str(artifact)))
    assert app.fast_path
    assert not app.fast_path.can_batch
    about = json.loads(app.test_client().get("/model").data)
    assert (about["engines"]["rows_independent"], about["server"]["shares_calls"]) == (True, False)
    [record] = [one for one in caplog.records if "share no call" in one.getMessage()]
    assert record.levelname == "WARNING"


def test_a_label_that_the_last_bit_of_a_score_decides_is_found() -> None:
    class Rounding(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no type hints
        def predict(self, rows: Any) -> Any:
            scores = self.decision_function(rows) - (1e-15 if len(rows) % 8 > 3 else 0)
            return self.classes_[(scores > 0).astype(int)]

    model = Rounding()
    assert is_apart(model), "no row of the sample lies beside the boundary"
    _, signature, columns = described("sensors")
    engine = ScikitLearn(model, signature)
    beside = beside_boundaries(engine, list(columns.values()))
    assert not are_rows_independent(engine, beside, False)


def test_rows_beside_a_boundary_are_neighbours_with_two_labels() -> None:
    case, signature, columns = described("logistic regression, string labels")
    engine = ScikitLearn(case.estimator, signature)
    found = beside_boundaries(engine, list(columns.values()))
    labels = engine.predict(found)[0]
    half = len(labels) // 2
    assert half > 5
    assert (labels[:half] != labels[half:]).all()
    for one in found:
        gap = np.abs(one[:half] - one[half:])
        assert (gap <= 4 * np.spacing(np.maximum(np.abs(one[:half]), 1e-3))).all()


def test_a_boundary_is_found_by_few_calls() -> None:
    """A call for few rows of a wide table takes as long as one for many."""
    case, signature, columns = described("logistic regression, string labels")
    calls = 0

    class Counting(ScikitLearn):
        def predict(self, columns: Sequence[Column]) -> list[Column]:
            nonlocal calls
            calls += 1
            return super().predict(columns)

    assert beside_boundaries(Counting(case.estimator, signature), list(columns.values()))
    assert calls < 25


def test_a_model_that_raises_between_rows_has_none() -> None:
    _, signature, columns = described("sensors")
    rows = np.column_stack(list(columns.values()))
    model = RadiusNeighborsClassifier(1e-6).fit(rows, rows[:, 0] > 0)
    assert beside_boundaries(ScikitLearn(model, signature), list(columns.values())) == []


def test_a_model_of_numbers_has_no_boundary() -> None:
    case, signature, columns = described("ridge regression")
    engine = ScikitLearn(case.estimator, signature)
    assert beside_boundaries(engine, list(columns.values())) == []


class BesideBoundary:
    """Labels that depend on the size of the batch only within 1e-9 of the boundary, at 0.5."""

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        moved = 1e-9 * (len(columns[0]) % 8 >= 4)
        return [(np.asarray(columns[0]) + moved > 0.5).astype(np.int64)]

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        return [np.asarray(columns[0])]


def test_elsewhere_rows_beside_a_boundary_are_found_again() -> None:
    golden = [np.linspace(0.0, 1.0, 8)]
    engine: Engine = BesideBoundary()
    assert hold_here(engine, golden, True)
    assert not hold_elsewhere(engine, golden, True, lambda rows: 1e-9 * rows)
    tree = DecisionTreeClassifier().fit(golden[0][:, None], golden[0] > 0.5)

    class Tree(BesideBoundary):
        def predict(self, columns: Sequence[Column]) -> list[Column]:
            return [tree.predict(np.column_stack(columns))]

    assert hold_elsewhere(Tree(), golden, True, lambda rows: 1e-9 * rows)
    assert not hold_elsewhere(Tree(), golden, True, lambda rows: 1.0)  # too slow to find out
    assert hold_elsewhere(Tree(), golden, False, lambda rows: 1.0)  # numbers have no boundary


@pytest.mark.parametrize("changed", [{"machine": "another"}, {"kernels": {"NumPy": "another"}}])
def test_the_longer_test_runs_on_another_processor_than_that_of_packing(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    monkeypatch.setattr(row_independence, "hold_elsewhere", lambda *_, **__: False)
    here = Predictor(predictor.manifest, predictor.engine)
    here.verify()
    assert here.rows_independent
    engines = {**predictor.manifest.engines, **changed}
    elsewhere = Predictor(replace(predictor.manifest, engines=engines), predictor.engine)
    elsewhere.verify()
    assert not elsewhere.rows_independent


def test_a_model_of_which_no_rows_can_be_drawn_shares_no_calls_elsewhere(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = {**predictor.manifest.engines, "machine": "another"}
    manifest = replace(predictor.manifest, engines=engines)
    for name, value in (("ELSEWHERE_CELLS", 1), ("ELSEWHERE_ROWS", -1)):
        with monkeypatch.context() as patch:
            patch.setattr(row_independence, name, value)
            elsewhere = Predictor(manifest, predictor.engine)
            elsewhere.verify()
            assert not elsewhere.rows_independent
    elsewhere = Predictor(manifest, predictor.engine)
    elsewhere.verify()
    assert elsewhere.rows_independent


def test_an_artifact_without_the_entry_shares_no_calls(predictor: Predictor) -> None:
    silent = replace(predictor.manifest, engines={})
    app = create_app(Settings(), Predictor(silent, predictor.engine))
    assert app.fast_path
    assert not app.fast_path.can_batch
