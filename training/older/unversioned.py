"""Estimators whose pickle does not name the scikit-learn that saved it.

scikit-learn writes its version into the state of its own classes only. The state of another class
that inherits from one of its estimators has no version, so that the form of its attributes is
unknown.
"""

from typing import Any

from training.errors import PackError
from training.estimators import introspection

# Without attributes of a fitted model: parameters, mixins, tags.
PLAIN = ("sklearn.base", "sklearn.utils.")


def check(estimator: Any) -> None:
    """PackError if the class of a part is not scikit-learn's, but inherits from an estimator of it.

    For estimators in a file that names no version at all.
    """
    for part in introspection.parts(estimator):
        cls = type(part)
        if cls.__module__.startswith("sklearn."):
            continue
        for base in cls.__mro__:
            if base.__module__.startswith("sklearn.") and not base.__module__.startswith(PLAIN):
                raise PackError(
                    f"{cls.__module__}.{cls.__qualname__} inherits from scikit-learn's "
                    f"{base.__name__}, and nothing in the file names the release that saved it; "
                    "name the Python that fitted it, to compare predictions: --env PYTHON"
                )
