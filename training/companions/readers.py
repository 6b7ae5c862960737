"""Finds the module that reads an estimator of XGBoost, LightGBM or CatBoost."""

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.companions.ensemble import Ensemble

# The estimators that are read, by their module.
READERS = {
    "xgboost.sklearn": ("xgboost_model", ("XGBClassifier", "XGBRegressor", "XGBRanker",
                                          "XGBRFClassifier", "XGBRFRegressor")),
    "lightgbm.sklearn": ("lightgbm_model", ("LGBMClassifier", "LGBMRegressor", "LGBMRanker")),
    "catboost.core": ("catboost_model", ("CatBoostClassifier", "CatBoostRegressor",
                                         "CatBoostRanker")),
}  # fmt: skip


def prepare() -> None:
    """Open the file to which CatBoost exports a model: while a model is tried, opening a file for
    writing is refused."""
    if "catboost" not in sys.modules:  # then the model is not CatBoost's
        return
    with suppress(ImportError):  # without the packages that convert, no model is read
        import_module("training.companions.catboost_model").export_file()


def reader(model: Any) -> "Callable[[Any], Ensemble] | None":
    """The function that reads this model; None if it is no fitted estimator of these libraries."""
    module = _module(model)
    found: Callable[[Any], Ensemble] | None = module and module.ensemble
    return found


def categories(model: Any) -> dict[int, list[Any]]:
    """The categories of its inputs in the order of their codes, by the position of the input.

    They are those of the DataFrame that it was fitted on. Those of CatBoost cannot be read.
    """
    module = _module(model)
    found: dict[int, list[Any]] = module.categories(model) if hasattr(module, "categories") else {}
    return found


def numbers(model: Any) -> set[int]:
    """The positions of the inputs that it knows to be numbers or booleans.

    XGBoost predicts otherwise if such a column holds categories; LightGBM refuses them.
    """
    module = _module(model)
    found: set[int] = module.numbers(model) if hasattr(module, "numbers") else set()
    return found


def is_fitted(model: Any) -> bool:
    """Whether an estimator of these libraries is fitted.

    Those that scikit-learn's estimators clone stay as they were, beside the fitted clones.
    """
    own = "is_fitted" if hasattr(model, "is_fitted") else "__sklearn_is_fitted__"
    return bool(getattr(model, own)())


def _module(model: Any) -> Any:
    name, classes = READERS.get(type(model).__module__, ("", ()))
    if type(model).__name__ not in classes or not is_fitted(model):
        return None
    try:
        return import_module(f"training.companions.{name}")
    except ImportError:  # the packages that convert are not installed
        return None
