"""Which estimators of other libraries are read, and by which module."""

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
    """Open the file that a reader of CatBoost's models needs: while a model is tried, no file may
    be opened for writing."""
    if "catboost" not in sys.modules:  # then the model is none of CatBoost's
        return
    with suppress(ImportError):  # without the packages that convert, nothing is read
        import_module("training.companions.catboost_model").export_file()


def reader(model: Any) -> "Callable[[Any], Ensemble] | None":
    """What reads this model, or None if it is none of these libraries' estimators."""
    module = _module(model)
    found: Callable[[Any], Ensemble] | None = module and module.ensemble
    return found


def categories(model: Any) -> dict[int, list[Any]]:
    """The categories of its inputs, by the place of the input, each in the order of its codes.

    They are those of the frame that it was fitted on; CatBoost keeps none that could be read.
    """
    module = _module(model)
    found: dict[int, list[Any]] = module.categories(model) if hasattr(module, "categories") else {}
    return found


def _module(model: Any) -> Any:
    name, classes = READERS.get(type(model).__module__, ("", ()))
    if type(model).__name__ not in classes:
        return None
    try:
        return import_module(f"training.companions.{name}")
    except ImportError:  # what converts is not installed
        return None
