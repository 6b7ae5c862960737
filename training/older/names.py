"""Names in pickles of older releases of scikit-learn: their names today, and removed ones."""

from typing import Any

from service.model import allowlist
from service.model.pickled_tokens import Named, Pending, refuse

METRICS = (
    "Euclidean SEuclidean Manhattan Chebyshev Minkowski WMinkowski Mahalanobis Hamming Canberra "
    "BrayCurtis Jaccard Matching Dice Kulsinski RogersTanimoto RussellRao SokalMichener "
    "SokalSneath Haversine PyFunc"
)
# Since 1.3 there is a class for float64 and one for float32.
RENAMED = {
    f"sklearn.{module}._dist_metrics.{name}Distance": (
        "sklearn.metrics._dist_metrics",
        f"{name}Distance64",
    )
    for module in ("metrics", "neighbors")
    for name in METRICS.split()
} | {
    "sklearn.utils.Bunch": ("sklearn.utils._bunch", "Bunch"),
    "sklearn.impute.SimpleImputer": ("sklearn.impute._base", "SimpleImputer"),
    "pandas.core.indexes.base.Index": ("pandas", "Index"),
}
# From 1.5 to 1.8 the compiled module of the losses was pickled without its package.
MODULES = {
    "_loss": "sklearn._loss._loss",
    "sklearn.externals.joblib.numpy_pickle": "joblib.numpy_pickle",  # up to 0.22
    "sklearn.cluster.k_means_": "sklearn.cluster._kmeans",
    "sklearn.ensemble.gradient_boosting": "sklearn.ensemble._gb",
    "sklearn.linear_model.sgd_fast": "sklearn.linear_model._sgd_fast",
    "sklearn.neighbors._dist_metrics": "sklearn.metrics._dist_metrics",
    "sklearn.neighbors.dist_metrics": "sklearn.metrics._dist_metrics",
    "sklearn.tree.tree": "sklearn.tree._classes",
    "scipy.sparse.csr": "scipy.sparse._csr",
}
# Losses that only fitting uses, or that `migrations.py` makes from the parameters.
GONE = (
    *("sklearn.ensemble._gb_losses", "sklearn.ensemble._hist_gradient_boosting.loss"),
    "sklearn.linear_model._sgd_fast",
)
LOSSES = "sklearn._loss._loss"
REBUILDS = "__pyx_unpickle_"
GENERATOR = "numpy.random._pickle.__generator_ctor"  # only fitting uses it
REMAINDER = "sklearn.compose._column_transformer._RemainderColsList"


KNOWN = allowlist.INSTANCES | allowlist.EXTENSIONS | allowlist.BLANK_EXTENSIONS
COMPILED = ("sklearn.neighbors._ball_tree", "sklearn.neighbors._kd_tree")


def current(module: str, name: str) -> tuple[str, str]:
    """The module and name in the installed release."""
    module = MODULES.get(module, module)
    parent, _, last = module.rpartition(".")
    if f"{parent}._{last}.{name}" in KNOWN or f"{parent}._{last}" in COMPILED:
        module = f"{parent}._{last}"  # since 0.22 private modules have an underscore
    return RENAMED.get(f"{module}.{name}", (module, name))


# Initial estimators of gradient boosting in 0.20 and 0.21.
ESTIMATES = frozenset(
    f"sklearn.ensemble._gb.{name}"
    for name in (
        *("BinomialDeviance", "LeastSquaresError", "MultinomialDeviance", "LogOddsEstimator"),
        *("MeanEstimator", "PriorProbabilityEstimator", "ZeroEstimator", "QuantileEstimator"),
    )
)


class Removed:
    """A placeholder for an object of a removed class; `state` has its attributes."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}


class RemovedClass(Named):
    """A removed class: its objects become placeholders."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Make a placeholder."""
        return Removed()

    def new(self, arguments: tuple[Any, ...], keywords: Any) -> Any:
        """Make a placeholder."""
        return Removed()

    def build(self, made: Any, state: Any) -> None:
        """Keep the state."""
        if type(state) is dict:
            made.state = state


class ColumnList(Named):
    """The list of 1.5 and 1.6 that warns when its columns are used: it becomes a plain list."""

    def new(self, arguments: tuple[Any, ...], keywords: Any) -> Any:
        """Return an object that is made once its columns are read."""
        return Pending(_columns)

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """The same, for protocols before 2."""
        return Pending(_columns)


def _columns(state: Any) -> list[Any]:
    if type(state) is not dict or type(state.get("data")) is not list:
        raise refuse("a list of columns")
    return list(state["data"])


class Loss(Named):
    """`__pyx_unpickle_*` of a compiled loss without parameters."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Make the loss, whose class is the first argument."""
        cls = arguments[0] if arguments else None
        if not isinstance(cls, Named) or not cls.full_name.startswith(f"{LOSSES}.Cy"):
            raise refuse("a loss of scikit-learn")
        return cls.call(())

    def build(self, made: Any, state: Any) -> None:
        """Ignore the state, which is empty."""


def replacement(module: str, name: str) -> Named | None:
    """The replacement of a removed name; None if the name was not removed."""
    full_name = f"{module}.{name}"
    if module in GONE or full_name in ESTIMATES or full_name == GENERATOR:
        return RemovedClass(full_name)
    if full_name == REMAINDER:
        return ColumnList(full_name)
    if module == LOSSES and name.startswith(REBUILDS):
        return Loss(full_name)
    return None
