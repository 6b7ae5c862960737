"""The engine: what the estimator is given, and its answers as they are."""

import io
from dataclasses import replace

import joblib
import numpy as np
import pytest
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from service.model import engines
from service.model.signature import Container, Input, Output, Signature

SAMPLE = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 1.0]])
LABELS = np.array([0, 1, 0, 1])


@pytest.fixture
def tree() -> DecisionTreeClassifier:
    return DecisionTreeClassifier(random_state=0, max_depth=1).fit(SAMPLE, LABELS)


def dumped(value: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def signature(container: Container, types: dict[str, str], outputs: int = 1) -> Signature:
    return Signature(
        container=container,
        inputs=tuple(Input(name=n, kind="number", dtype=kind) for n, kind in types.items()),
        outputs=tuple(
            Output(name=f"y{i}", kind="integer", confidence="probabilities") for i in range(outputs)
        ),
    )


def test_columns_reach_the_estimator_as_rows(tree: DecisionTreeClassifier) -> None:
    made = signature("array", {"a": "float64", "b": "float64"})
    engine = engines.load("scikit-learn", made, dumped(tree))
    columns = list(SAMPLE.T)
    assert [values.tolist() for values in engine.predict(columns)] == [
        tree.predict(SAMPLE).tolist()
    ]
    [probabilities] = engine.confidence(columns)
    assert probabilities.tolist() == tree.predict_proba(SAMPLE).tolist()


def test_a_frame_has_names_and_types() -> None:
    made = signature("frame", {"a": "float64", "b": "str", "c": "category"})
    engine = engines.ScikitLearn(None, made)
    text = np.array(["x", "y"], dtype=object)
    frame = engine.contained([np.array([1.0, 2.0]), text, text])
    assert frame.dtypes.astype(str).to_dict() == {"a": "float64", "b": "str", "c": "category"}
    assert frame.to_dict("list") == {"a": [1.0, 2.0], "b": ["x", "y"], "c": ["x", "y"]}


def test_a_list_is_the_one_column_itself() -> None:
    column = np.array(["some", "words"], dtype=object)
    engine = engines.ScikitLearn(None, signature("list", {"text": "object"}))
    assert engine.contained([column]) is column


def test_several_outputs_are_returned_one_by_one() -> None:
    both = np.column_stack([LABELS, 1 - LABELS])
    tree = DecisionTreeClassifier(random_state=0).fit(SAMPLE, both)
    engine = engines.ScikitLearn(tree, signature("array", {"a": "float64", "b": "float64"}, 2))
    columns = list(SAMPLE.T)
    assert [values.tolist() for values in engine.predict(columns)] == both.T.tolist()
    assert [p.tolist() for p in engine.confidence(columns)] == [
        p.tolist() for p in tree.predict_proba(SAMPLE)
    ]


def test_a_model_with_scores_gives_those() -> None:
    model = LinearSVC().fit(SAMPLE, LABELS)
    made = signature("array", {"a": "float64", "b": "float64"})
    scored = replace(made, outputs=(replace(made.outputs[0], confidence="scores"),))
    [scores] = engines.ScikitLearn(model, scored).confidence(list(SAMPLE.T))
    assert scores.tolist() == model.decision_function(SAMPLE).tolist()
