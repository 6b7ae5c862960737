"""Reports as `pack` writes them, and their parts."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn import datasets
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from service.model.artifact import REPORT
from service.model.predictor import as_column
from tests.support.model_cases import ModelCase, machines, names, on_arrays
from tests.support.models import MODEL_CASES
from tests.support.temporary_folders import kept
from training.estimators.fitted_model import FittedModel
from training.estimators.side_effects import GuardedScikitLearn
from training.pack import PackOptions, Provenance, pack
from training.report.evaluation import Evaluation, evaluate_outputs
from training.samples.sample import read
from training.signature.infer import infer_signature

IRIS = datasets.load_iris()


def voting() -> ModelCase:
    """A classifier without probabilities and scores."""
    return on_arrays(
        VotingClassifier([("a", LogisticRegression(max_iter=1000)), ("b", GaussianNB())]),
        datasets.load_iris,
        names,
    )


ANSWERS: dict[str, Any] = {
    "logistic regression, string labels": IRIS.target_names[IRIS.target],
    "support vectors without probabilities": IRIS.target_names[IRIS.target],
    "clusters": IRIS.target,
    "mixed table, open categories": machines().fails,
    "mixed table, regression": machines().hours_left,
    "text": machines().fails,
    "voting": IRIS.target_names[IRIS.target],
}


def packed(
    estimator: Any,
    rows: pd.DataFrame,
    answers: Mapping[str, Any],
    name: str = "x",
    file: str = "rows.csv",
) -> Path:
    """The artifact of an estimator, with a report on its performance on these rows."""
    folder = kept()
    rows.assign(**dict(answers)).to_csv(folder / "rows.csv", index=False)
    sample = read(folder / "rows.csv")
    pack(
        estimator,
        sample,
        targets=[*answers],
        name=name,
        folder=folder / "a",
        provenance=Provenance(data={"file": file, "rows": sample.rows}),
        options=PackOptions(engine="sklearn"),
    )
    return folder / "a"


@cache
def artifact_of(name: str) -> Path:
    """The artifact of a model of `models.py`, packed with the true values."""
    case = (voting if name == "voting" else MODEL_CASES[name])()
    return packed(case.estimator, case.rows, {"answer": ANSWERS[name]})


def page_of(folder: Path) -> str:
    """The report in an artifact."""
    return (folder / REPORT).read_text()


def titles(page: str) -> list[str]:
    """The titles of its plots."""
    return re.findall(r'<title id="plot-\d+">([^<]*)</title>', page)


def judge(estimator: Any, rows: pd.DataFrame, answers: Mapping[str, Any]) -> Evaluation:
    """The evaluation of a model on rows with known true values, without packing it."""
    folder = kept()
    rows.assign(**dict(answers)).to_csv(folder / "rows.csv", index=False)
    sample = read(folder / "rows.csv")
    signature = infer_signature(estimator, sample, [*answers])
    columns = {
        one.name: as_column(sample.columns[one.name].values, one.dtype) for one in signature.inputs
    }
    known = {name: sample.columns[name].values for name in answers}
    engine = GuardedScikitLearn(estimator, signature)
    [found] = evaluate_outputs(FittedModel(estimator), engine, columns, known)
    return found
