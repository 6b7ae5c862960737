"""The predictions of one's own estimator class are served unchanged, or packing refuses it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support import own_estimators as own
from training.errors import PackError
from training.pack import PackOptions, pack
from training.samples.sample import read

CHANCE = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": CHANCE.normal(size=40), "b": CHANCE.normal(size=40)})
LABELS = np.where(ROWS.a + ROWS.b > 0, "yes", "no")
TRUSTED = ["tests.support.own_estimators"]


def served(model: Any, folder: Path, target: Any = None) -> Any:
    """The answer to all rows, with probabilities if the model has them."""
    rows = ROWS if target is None else ROWS.assign(y=target)
    rows.to_csv(folder / "rows.csv", index=False)
    options = PackOptions(report=False, trusted=TRUSTED)
    targets = [] if target is None else ["y"]
    sample = read(folder / "rows.csv", named=True)
    pack(model, sample, targets=targets, name="own", folder=folder / "a", options=options)
    predictor = Predictor.load(folder / "a", TRUSTED)
    query = "?probabilities=true" if predictor.signature.confidence == "probabilities" else ""
    body = {name: ROWS[name].tolist() for name in ROWS}
    response = create_app(Settings(), predictor).test_client().post(f"/predict{query}", json=body)
    assert response.status_code == 200, response.text
    return response.json


@pytest.mark.parametrize(
    "kind",
    [
        own.ListOfClasses,
        own.TupleOfClasses,
        own.IndexOfClasses,
        own.SeriesOfClasses,
        own.ReturnsList,
        own.ReturnsSeries,
        own.ReturnsFrame,
        own.ReturnsCategorical,
        own.FrameOfProbabilities,
        own.ListOfProbabilities,
        own.ReadsColumns,
        own.IndexOfNames,
    ],
)
def test_a_classifier_of_ones_own_is_served_as_it_answers(kind: Any, tmp_path: Path) -> None:
    expected = LogisticRegression().fit(ROWS, LABELS)
    answer = served(kind().fit(ROWS, LABELS), tmp_path, LABELS)
    assert answer["y"] == expected.predict(ROWS).tolist()
    assert answer["labels"] == ["no", "yes"]
    assert np.allclose(answer["probabilities"], expected.predict_proba(ROWS))


@pytest.mark.parametrize("kind", [own.NoClasses, own.Plain])
def test_a_classifier_that_does_not_list_its_classes_is_served(kind: Any, tmp_path: Path) -> None:
    expected = LogisticRegression().fit(ROWS, LABELS)
    answer = served(kind().fit(ROWS, LABELS), tmp_path, LABELS)
    assert answer["y"] == expected.predict(ROWS).tolist()


@pytest.mark.parametrize("kind", [own.Numbers, own.ColumnOfNumbers, own.NullableNumbers])
def test_a_regressor_of_ones_own_is_served_as_it_answers(kind: Any, tmp_path: Path) -> None:
    target = (ROWS.a * 20 + CHANCE.normal(size=40)).to_numpy()
    model = kind().fit(ROWS, target)
    answer = served(model, tmp_path, target)
    assert np.allclose(answer["y"], np.asarray(model.predict(ROWS), dtype=float).ravel())


@pytest.mark.parametrize("last", [LogisticRegression, own.ListOfClasses])
def test_a_pipeline_that_begins_with_a_transformer_of_ones_own_gets_a_frame(
    last: Any, tmp_path: Path
) -> None:
    model = make_pipeline(own.Select(), last()).fit(ROWS, LABELS)
    assert served(model, tmp_path, LABELS)["y"] == model.predict(ROWS).tolist()


def test_several_labels_that_are_predicted_as_a_sparse_matrix(tmp_path: Path) -> None:
    target = sparse.csr_matrix(np.c_[ROWS.a > 0, ROWS.b > 0].astype(int))
    model = OneVsRestClassifier(LogisticRegression()).fit(ROWS.to_numpy(), target)
    expected = model.predict(ROWS.to_numpy()).toarray().T.tolist()
    answer = served(model, tmp_path)
    assert [answer["prediction_0"], answer["prediction_1"]] == expected


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (own.SetOfClasses, "classes_ of the SetOfClasses is a set"),
        (own.DictOfClasses, "classes_ of the DictOfClasses is a dict"),
        (own.OneClassMore, "for 3 rows and 3 labels in classes_"),
        (own.OneProbability, r"an array of shape \(3,\) for 3 rows and 2 labels"),
        (own.NoProbabilities, "predict_proba raises NotImplementedError: ask for labels"),
        (own.ReturnsOneLess, r"returns an array of shape \(2,\) for 3 rows"),
        (own.ReturnsNothing, "returns one NoneType for 3 rows"),
        (own.ReturnsIterator, "returns one list_iterator for 3 rows"),
        (own.NumbersAndText, "values of the type int and str"),
        (own.Objects, "values of the type dict"),
    ],
)
def test_answers_that_cannot_be_served_are_refused_in_one_line(
    kind: Any, reason: str, tmp_path: Path
) -> None:
    target = ROWS.a.to_numpy() if issubclass(kind, own.Numbers) else LABELS
    model = kind().fit(ROWS, target)
    with pytest.raises(PackError, match=reason) as refused:
        served(model, tmp_path, target)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "a").exists()


def test_a_name_that_two_columns_of_the_model_have_is_refused(tmp_path: Path) -> None:
    model = own.ListOfClasses().fit(ROWS, LABELS)
    model.feature_names_in_ = ["a", "a"]  # as of a frame with two columns of a name
    with pytest.raises(PackError, match="fitted on several columns called a, and an input needs"):
        served(model, tmp_path)
