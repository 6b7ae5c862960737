"""Content that pandas would trust is checked, and a request cannot cause an effect of a model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline

from service.app import create_app
from service.model import engines, unpickling
from service.model.audit import EffectError
from service.model.predictor import Predictor
from service.model.signature import Signature
from service.settings import Settings
from tests.test_engines import dumped, signature
from training.errors import PackError

PANDAS = {
    "a time zone that is a path": (
        "the time zone",
        b"cpandas._libs.tslibs.timestamps\n_unpickle_timestamp\n"
        b"(I0\nNVdateutil//etc/hosts\nI10\ntR.",
    ),
    "an index of lists": (
        "the content of a pandas index",
        b"cpandas.core.indexes.base\n_new_Index\n(cpandas\nIndex\n(dVdata\n(lI1\nasVname\nNstR.",
    ),
    "the levels of an index that are lists": (
        "the content of a pandas index",
        b"cpandas.core.indexes.base\n_new_Index\n(cpandas\nMultiIndex\n(dVlevels\n(l(lI1\naastR.",
    ),
}
ROWS, TARGET = np.arange(20.0).reshape(10, 2) % 7, np.arange(10) % 2
CLASSIFIER = LogisticRegression().fit(ROWS, TARGET)


@pytest.mark.parametrize("kind", PANDAS)
def test_what_pandas_would_believe_is_checked(kind: str) -> None:
    why, content = PANDAS[kind]
    with pytest.raises(ValueError, match=why):
        unpickling.load(content)


@pytest.mark.parametrize(
    "estimator",
    [
        StackingClassifier([("a", CLASSIFIER)], stack_method="decision_function"),
        FixedThresholdClassifier(CLASSIFIER, response_method="predict_proba"),
        make_pipeline(SelectFromModel(CLASSIFIER, importance_getter="coef_"), DummyClassifier()),
    ],
    ids=["stacking", "threshold", "selection"],
)
def test_attributes_that_name_methods_of_predicting_are_taken(estimator: Any) -> None:
    content = dumped(estimator.fit(ROWS, TARGET))
    assert not unpickling.inspect(content).untrusted
    assert (unpickling.load(content).predict(ROWS) == estimator.predict(ROWS)).all()


def test_a_chain_names_a_method_of_predicting() -> None:
    chain = ClassifierChain(LogisticRegression(), chain_method="predict_proba")
    content = dumped(chain.fit(ROWS, np.c_[TARGET, 1 - TARGET]))
    assert (unpickling.load(content).predict(ROWS) == chain.predict(ROWS)).all()


def test_output_of_training_has_no_control_characters() -> None:
    assert str(PackError("holds\x1b[2J\nall is well")) == "holds [2J all is well"


def reader_of_files(folder: Path) -> tuple[bytes, Signature]:
    """A model that opens the files that its rows name."""
    paths = [folder / "one", folder / "other"]
    for path in paths:
        path.write_text(f"the file {path.name}")
    model = make_pipeline(CountVectorizer(input="filename"), LogisticRegression())
    made = signature("list", {"path": "object"})
    [given], [output] = made.inputs, made.outputs
    made = replace(made, inputs=(replace(given, kind="text"),), outputs=(output,))
    return dumped(model.fit(paths, [0, 1])), made


def test_a_model_that_opens_what_a_request_names_gives_no_answer(
    tmp_path: Path, predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    content, made = reader_of_files(tmp_path)
    column = np.array([str(tmp_path / "one")], dtype=object)
    engine = engines.load("scikit-learn", made, content)
    for ask in (engine.predict, engine.confidence):
        with pytest.raises(EffectError, match="the model tried to open .* for a request"):
            ask([column])
    manifest = replace(predictor.manifest, signature=made, profile=None)
    client = create_app(Settings(), Predictor(manifest, engine)).test_client()
    for query in ("", "?probabilities=true"):
        answer = client.post(f"/predict{query}", json={"path": [str(tmp_path / "one")]})
        assert answer.status_code == 422, answer.text
    assert "the file one" not in answer.text
    assert any("tried to open" in str(vars(record)) for record in caplog.records)


def test_what_the_operator_trusts_may_have_effects(tmp_path: Path) -> None:
    content, made = reader_of_files(tmp_path)
    engine = engines.load("scikit-learn", made, content, trusted=["mine.model"])
    column = np.array([str(tmp_path / "one"), str(tmp_path / "other")], dtype=object)
    [found] = engine.predict([column])
    assert found.tolist() == [0, 1]


def test_an_effect_between_predictions_is_none_of_the_model(tmp_path: Path) -> None:
    made = signature("array", {"a": "float64", "b": "float64"})
    engine = engines.load("scikit-learn", made, dumped(CLASSIFIER))
    assert engine.predict(list(ROWS.T))[0].tolist() == CLASSIFIER.predict(ROWS).tolist()
    (tmp_path / "after").write_text("")
