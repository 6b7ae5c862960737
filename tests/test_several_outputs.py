"""Classifiers of several outputs: labels and probabilities are the estimator's own."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from training.formats.loaded import load
from training.pack import PackOptions, pack
from training.samples.sample import read

SHUFFLED = np.random.default_rng(0).permutation(150)
ROWS = load_iris().data[SHUFFLED, :2]
KINDS = load_iris().target[SHUFFLED]
LONG = ROWS[:, 0] > 5.8
LINES = [",".join(map(str, row)) for row in ROWS[::7].tolist()]


def served(folder: Path, estimator: Any, engine: str = "sklearn") -> FlaskClient:
    """The service with this estimator packed, for outputs p and q."""
    joblib.dump(estimator, folder / "model.joblib")
    answers = np.asarray(estimator.predict(ROWS)).tolist()
    lines = [",".join(map(str, [*row, *answer])) for row, answer in zip(ROWS, answers, strict=True)]
    (folder / "rows.csv").write_text("\n".join(["a,b,p,q", *lines]))
    pack(
        load(folder / "model.joblib", []),
        read(folder / "rows.csv"),
        targets=["p", "q"],
        name="x",
        folder=folder / "a",
        options=PackOptions(engine=engine),
    )
    settings = Settings(protocols=("oip",))
    return create_app(settings, Predictor.load(folder / "a")).test_client()


def asked(client: FlaskClient, confidence: str = "probabilities") -> dict[str, Any]:
    """The answer for some rows, after a check against the contract."""
    table = "\n".join(["a,b", *LINES])
    answer = client.post(f"/predict?{confidence}=true", data=table, content_type="text/csv")
    assert answer.status_code == 200, answer.data
    contract = json.loads(client.get("/openapi.json").data)
    OAS31Validator(contract["components"]["schemas"]["answer"]).validate(json.loads(answer.data))
    found: dict[str, Any] = json.loads(answer.data)
    return found


def binary() -> Any:
    return np.column_stack([np.where(LONG, 7, 5), (KINDS == 2).astype(int)])


CHAINS = {
    "chain": lambda: ClassifierChain(LogisticRegression()),
    "in another order": lambda: ClassifierChain(LogisticRegression(), order=[1, 0]),
    "of probabilities": lambda: ClassifierChain(
        LogisticRegression(), order=[1, 0], chain_method="predict_proba"
    ),
    "in a pipeline": lambda: make_pipeline(
        StandardScaler(), ClassifierChain(LogisticRegression(), order=[1, 0])
    ),
    "in a search": lambda: GridSearchCV(
        ClassifierChain(LogisticRegression(), order=[1, 0]), {"estimator__C": [1.0, 2.0]}, cv=2
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_has_a_probability_for_each_label(name: str, tmp_path: Path) -> None:
    both = binary()
    if name == "in a search":  # whose score takes only 0 and 1
        both = (both == [7, 1]).astype(int)
    estimator = CHAINS[name]().fit(ROWS, both)
    answer = asked(served(tmp_path, estimator))
    assert answer["labels"] == {"p": sorted(set(both[:, 0])), "q": [0, 1]}
    right = estimator.predict_proba(ROWS[::7])  # of the second label
    for place, output in enumerate("pq"):
        assert answer[output] == estimator.predict(ROWS[::7])[:, place].tolist()
        reply = np.array(answer["probabilities"][output])
        assert reply[:, 1] == pytest.approx(right[:, place])
        assert reply.sum(axis=1) == pytest.approx(np.ones(len(right)))


def test_a_stacked_classifier_has_them_too(tmp_path: Path) -> None:
    estimator = StackingClassifier(
        [("near", KNeighborsClassifier()), ("tree", DecisionTreeClassifier(max_depth=2))],
        RandomForestClassifier(n_estimators=5, random_state=0),
    ).fit(ROWS, (binary() == [7, 1]).astype(int))
    answer = asked(served(tmp_path, estimator))
    by_label = estimator.final_estimator_.predict_proba(estimator.transform(ROWS[::7]))
    for place, output in enumerate("pq"):
        assert np.array(answer["probabilities"][output]) == pytest.approx(by_label[place])


def test_a_chain_of_scores_has_one_for_each_row(tmp_path: Path) -> None:
    estimator = ClassifierChain(LinearSVC()).fit(ROWS, binary())
    answer = asked(served(tmp_path, estimator), "scores")
    right = estimator.decision_function(ROWS[::7])
    assert answer["scores"]["q"] == pytest.approx(right[:, 1].tolist())


def test_a_chain_of_three_classes_only_predicts(tmp_path: Path) -> None:
    both = np.column_stack([KINDS, LONG]).astype(int)
    estimator = ClassifierChain(DecisionTreeClassifier(max_depth=3)).fit(ROWS, both)
    client = served(tmp_path, estimator)
    answer = client.post("/predict", json={"a": 6.0, "b": 3.0})
    [[p, q]] = estimator.predict([[6.0, 3.0]])
    assert answer.json == {"p": [p], "q": [q]}
    assert client.post("/predict?probabilities=true", json={"a": 6, "b": 3}).status_code == 422


def test_a_chain_fitted_on_booleans_has_labels_that_equal_its_answers(tmp_path: Path) -> None:
    both = np.column_stack([LONG, KINDS == 2])
    answer = asked(served(tmp_path, ClassifierChain(LogisticRegression()).fit(ROWS, both)))
    assert answer["labels"]["p"] == [0.0, 1.0]
    assert [type(label) for label in answer["labels"]["p"]] == [float, float]


def test_tensors_have_the_datatype_of_the_metadata(tmp_path: Path) -> None:
    client = served(tmp_path, ClassifierChain(LogisticRegression()).fit(ROWS, binary()))
    inputs = [{"name": n, "shape": [2], "datatype": "FP64", "data": [5.0, 6.5]} for n in "ab"]
    names = ["p", "q", "p.labels", "p.probabilities"]
    wanted = [{"name": name} for name in names]
    answer = client.post("/v2/models/x/infer", json={"inputs": inputs, "outputs": wanted})
    outputs = json.loads(answer.data)["outputs"]
    described = json.loads(client.get("/v2/models/x").data)
    listed = {one["name"]: one for one in described["outputs"]}
    for tensor in outputs:
        kind = {"FP64": float, "INT64": int}[tensor["datatype"]]
        assert tensor["datatype"] == listed[tensor["name"]]["datatype"]
        assert {type(value) for value in tensor["data"]} == {kind}
        assert len(tensor["data"]) == np.prod(tensor["shape"])
    assert outputs[-1]["shape"] == [2, 2]
