"""Every public estimator of scikit-learn, fitted on a few rows, with rows that it accepts."""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.utils import all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances

from tests.support.models import MODEL_CASES
from training.estimators import introspection

ROWS = np.random.default_rng(0).random((60, 4))
TOTALS = ROWS @ [1.0, 2.0, 3.0, 4.0]
TARGET = (TOTALS > 5).astype(int)
GIVEN: list[tuple[Any, Any]] = [
    (ROWS, TARGET),
    (ROWS, TOTALS),
    (ROWS, np.c_[TOTALS, -TOTALS]),
    (ROWS, np.c_[TARGET, 1 - TARGET]),
    (["a b c", "b c d", "x y z"] * 20, TARGET),
    (ROWS[:, 0], TOTALS),
    (ROWS[:, 0], TARGET),
    ([{"a": 1.0, "b": 2}] * 60, TARGET),
    (ROWS > 0.5, TARGET),
]
MAX_VARIANTS = 4  # of one class, with other arguments


def fitted(kind: str) -> Iterator[tuple[str, Any, Any]]:
    """Name, estimator and rows, of `models.py` or of all estimators that scikit-learn lists."""
    if kind == "models":
        for name, make in MODEL_CASES.items():
            case = make()
            yield name, _in_one_thread(case.estimator), case.own(case.rows)
        return
    for name, made in all_estimators():
        instances: list[Any] = []
        with suppress(Exception):  # skipped by scikit-learn's own tests as well
            instances = list(_construct_instances(made))[:MAX_VARIANTS]
        for instance in instances:
            yield from _fit(name, instance)


def _fit(name: str, estimator: Any) -> Iterator[tuple[str, Any, Any]]:
    for rows, target in GIVEN:
        with warnings.catch_warnings(), suppress(Exception):
            warnings.simplefilter("ignore")
            estimator.fit(rows, target)
            for ask in ("predict", "transform"):
                if hasattr(estimator, ask):
                    getattr(estimator, ask)(rows)
            yield name, _in_one_thread(estimator), rows
            return


def _in_one_thread(estimator: Any) -> Any:
    """The estimator with one job, as in an artifact."""
    for part in filter(introspection.is_parallel, introspection.parts(estimator)):
        part.n_jobs = 1
    return estimator
