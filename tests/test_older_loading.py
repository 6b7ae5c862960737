"""A model that an older scikit-learn saved is read with every check of today's."""

import sys

import pytest

from service.model.pickled_sizes import MAX_LISTS
from service.model.trust import UntrustedError
from tests.support.by_hand import made, program, value, with_state
from tests.test_unpickling_opcodes import REFUSED
from training.older import loading

VERSIONS = ("0.20.3", "1.0.2", "1.8.0")
# Its objects are made when their state comes: they may be of another class today.
LATE = "sklearn.linear_model._logistic", "LogisticRegression"
STATES = {
    "a method that is none of predicting": with_state(*LATE, stack_method_=value(["eval"])),
    "a path to what is hidden": with_state(*LATE, importance_getter=value("a.__globals__")),
    "a hidden attribute": with_state(*LATE, __class__=value(1)),
    "a table in the place of an estimator": with_state(*LATE, coef_=made("pandas", "Series")),
    "a version of several lines": with_state(*LATE, _sklearn_version=value("1\n2")),
}


def refuses(content: bytes, version: str) -> bool:
    """Whether `inspect` refuses it, as no model or for what it names."""
    try:
        return bool(loading.inspect(content, version).untrusted)
    except ValueError:
        return True


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_of_today_s_models_is_refused_of_older_ones(
    kind: str, version: str
) -> None:
    modules = set(sys.modules)
    with pytest.raises((UntrustedError, ValueError)):
        loading.load(REFUSED[kind], version)
    assert refuses(REFUSED[kind], version), "inspect calls it trusted"
    assert not {one for one in set(sys.modules) - modules if not one.startswith("sklearn")}


@pytest.mark.parametrize("state", STATES)
def test_the_state_of_what_is_made_late_is_checked(state: str) -> None:
    content = program(STATES[state])
    with pytest.raises(UntrustedError):
        loading.load(content, "0.20.3")
    assert loading.inspect(content, "0.20.3").untrusted


def test_lists_without_end_are_refused_in_what_is_made_late() -> None:
    content = program(with_state(*LATE, coef_=value([[[1]] * 1000] * (MAX_LISTS // 1000))))
    with pytest.raises(UntrustedError, match="lists inside each other"):
        loading.load(content, "0.20.3")
