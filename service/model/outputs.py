"""What the methods of estimators return, as arrays.

An estimator of one's own may return a list, a pandas Series or a DataFrame, where those of
scikit-learn return arrays.

`predict_proba` of most classifiers with several outputs returns an array of shape (rows, labels)
for each output. A chain and a stacked classifier return one array of shape (rows, outputs): the
probability of one of the two labels of each output.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST, LAST = 0, 1


def as_arrays(found: Any) -> Any:
    """An array, or a list of arrays of shape (rows, labels) if `found` has one for each output."""
    if hasattr(found, "toarray"):  # a sparse matrix, of several labels at once
        return found.toarray()
    if isinstance(found, list | tuple):
        if found and all(np.ndim(one) == 2 for one in found):
            return [np.asarray(one) for one in found]
        if len({isinstance(one, str) for one in found}) > 1:  # NumPy would make text of the others
            return np.array(found, dtype=object)
    return np.asarray(found)


def fitted_classifier(estimator: Any) -> Any:
    """The classifier at the end of pipelines and searches."""
    while True:
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


def is_chain(estimator: Any) -> bool:
    """Whether it is a `ClassifierChain`, which computes its outputs in the order of `order_`."""
    return hasattr(estimator, "order_") and hasattr(estimator, "estimators_")


def described_label(estimator: Any) -> int | None:
    """The label, first or last, whose probability `predict_proba` returns; None if unknown."""
    classifier = fitted_classifier(estimator)
    if is_chain(classifier):
        return LAST
    return FIRST if hasattr(classifier, "final_estimator_") else None


def of_both_labels(probability: NDArray[Any], described: int) -> NDArray[Any]:
    """Probabilities of both labels, of shape (rows, 2), from those of one."""
    both = (probability, 1.0 - probability)
    return np.column_stack(both if described == FIRST else both[::-1])
