"""The same model gets the same version in every process, whatever memory it was fitted in."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from service.model import unpickling
from training.pickling import dumped

PACK = """
import sys
from pathlib import Path
import joblib
from training.pack import PackOptions, Provenance, pack
from training.samples import sample

folder = Path(sys.argv[1])
read = sample.read(folder / "rows.csv", named=True)
for path in sorted(folder.glob("*.joblib")):
    made = pack(joblib.load(path), read, targets=["fails"], name=path.stem,
                folder=folder / "packed", provenance=Provenance(data={"rows": 40}),
                options=PackOptions(engine=sys.argv[2], report=False))
    print(path.stem, made.version)
"""
SEEDS = ("0", "1", "4")  # a set of strings has another order in at least one of these processes
SITES, REMARKS = ["Oslo", "Lyon", "Graz", "Porto"], ["it hums", "a belt", "the bolt", "it leaks"]
ROWS = pd.DataFrame({"site": SITES * 10, "age": range(40), "remark": REMARKS * 10})
FAILS = ["yes", "no", "no", "yes"] * 10
NUMBERS = np.random.default_rng(0).normal(size=(60, 4))
FEW: dict[str, Any] = {"n_estimators": 3, "random_state": 0}


def table(model: Any) -> Any:
    encoded = make_column_transformer((OneHotEncoder(), ["site"]), remainder="passthrough")
    return make_pipeline(encoded, model).fit(ROWS[["site", "age"]], FAILS)


def words() -> Any:
    """A pipeline whose vectorizer has a set, as scikit-learn's had until 1.7."""
    vectorizer = TfidfVectorizer(stop_words=["it", "the"])
    model = make_pipeline(
        make_column_transformer((vectorizer, "remark")), LogisticRegression()
    ).fit(ROWS[["remark"]], FAILS)
    fitted = model[0].named_transformers_["tfidfvectorizer"]
    fitted.stop_words_, fitted.seen_ = {"it", "the", "a", "of"}, frozenset({"Oslo", "Lyon", 3})
    return model


def versions(folder: Path, engine: str) -> set[str]:
    """What processes with other hashes call the models in a folder."""
    ROWS.assign(fails=FAILS).to_csv(folder / "rows.csv", index=False)
    return {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PACK, str(folder), engine],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in SEEDS
    }


@pytest.mark.slow
def test_a_version_does_not_depend_on_the_process(tmp_path: Path) -> None:
    models = {
        "forest": table(RandomForestClassifier(**FEW)),
        "gradient boosting": table(GradientBoostingClassifier(**FEW)),
        "histogram boosting": table(HistGradientBoostingClassifier(max_iter=3)),
        "neighbours": table(KNeighborsClassifier(algorithm="kd_tree")),
        "support vectors": table(SVC()),
        "words": words(),
    }
    for name, model in models.items():
        joblib.dump(model, tmp_path / f"{name}.joblib")
    [printed] = versions(tmp_path, "sklearn")
    assert len(printed.splitlines()) == len(models)


@pytest.mark.slow
def test_a_version_of_a_converted_model_does_not_depend_on_the_process(tmp_path: Path) -> None:
    joblib.dump(table(RandomForestClassifier(**FEW)), tmp_path / "forest.joblib")
    [printed] = versions(tmp_path, "onnx")
    assert printed.startswith("forest ")


def soil(tree: Any) -> None:
    """Write what scikit-learn never sets in a tree's nodes: other processes have other bytes."""
    nodes = tree.__getstate__()["nodes"]  # the tree's own memory
    used = nodes.dtype.fields["missing_go_to_left"][1] + 1
    assert used < nodes.dtype.itemsize
    nodes.view(np.dtype((np.uint8, nodes.dtype.itemsize)))[:, used:] = 170
    nodes["missing_go_to_left"][nodes["left_child"] == -1] = 170


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(**FEW),
        ExtraTreesRegressor(**FEW),
        GradientBoostingClassifier(**FEW),  # its trees are in an array of objects
    ],
    ids=lambda model: type(model).__name__,
)
def test_bytes_of_a_tree_that_nothing_sets_are_not_written(model: Any) -> None:
    model.fit(NUMBERS, NUMBERS[:, 0] > 0)
    before = dumped(model)
    trees = np.ravel(getattr(model, "estimators_", model)).tolist()
    for one in trees:
        soil(one.tree_)
    assert dumped(model) == before
    loaded = unpickling.load(before)
    assert np.array_equal(loaded.predict(NUMBERS), model.predict(NUMBERS))
    missing = np.where(np.arange(NUMBERS.size).reshape(NUMBERS.shape) % 3, NUMBERS, np.nan)
    if not isinstance(model, GradientBoostingClassifier):  # which takes no missing values
        assert np.array_equal(loaded.predict(missing), model.predict(missing))


def test_what_is_written_is_read_by_joblib_and_by_the_service(tmp_path: Path) -> None:
    inner = np.array([{"b", "a"}, "text", None], dtype=object)
    turned = np.arange(6).reshape(2, 3).T
    given: list[Any] = [{"x": {3, 1, 2}}, frozenset({"b", 2}), inner, turned, {"b", "a"}]
    content = dumped(given)
    (tmp_path / "values").write_bytes(content)
    for found in (joblib.load(tmp_path / "values"), unpickling.load(content)):
        assert found[:2] == given[:2]
        assert found[2].tolist() == inner.tolist()
        assert np.array_equal(found[3], turned)
        assert found[4] == {"b", "a"}


def test_fields_within_fields_and_objects_among_them_are_kept(tmp_path: Path) -> None:
    kind = np.dtype([("a", "u1"), ("b", [("c", "u1"), ("d", "f8")]), ("e", "O")], align=True)
    values = np.array([(1, (2, 0.5), "x"), (3, (4, 1.5), "y")], dtype=kind)
    (tmp_path / "values").write_bytes(dumped(values))
    found = joblib.load(tmp_path / "values")
    assert found.tolist() == values.tolist()
    assert found.dtype == kind
