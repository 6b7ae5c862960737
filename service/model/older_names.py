"""Names of older releases of scikit-learn, for a service that runs one of them.

An artifact that an older scikit-learn serves brings its lock (`locked.LOCK`), and its pickle uses
names of that release. A service with the release of `estimator_names.py` does not list them.
"""

from importlib.metadata import PackageNotFoundError, version

LISTED = (1, 9)  # the release whose names `estimator_names.py` has
LOSSES = "sklearn._loss._loss"
REBUILDS = "__pyx_unpickle_"
# From 1.5 to 1.8 the compiled module of the losses was pickled without its package.
MODULES = {"_loss": LOSSES}

# Classes written in Python.
INSTANCES = {
    "sklearn.compose._column_transformer": "_RemainderColsList",
    "sklearn.ensemble._gb_losses": (
        "BinomialDeviance ExponentialLoss HuberLossFunction LeastAbsoluteError LeastSquaresError "
        "MultinomialDeviance QuantileLossFunction"
    ),
}
# Compiled classes, rebuilt by their constructor and `__setstate__`.
EXTENSIONS = {
    "sklearn.linear_model._sgd_fast": "Huber Log SquaredLoss",
}
DISTANCES = (
    "BrayCurtis Canberra Chebyshev Dice Euclidean Hamming Haversine Jaccard Kulsinski Mahalanobis "
    "Manhattan Matching Minkowski PyFunc RogersTanimoto RussellRao SEuclidean SokalMichener "
    "SokalSneath WMinkowski"
)
# Compiled classes that their module's `newObj` creates; until 1.2 there was one for each distance.
BLANK_EXTENSIONS = {
    "sklearn.metrics._dist_metrics": " ".join(f"{name}Distance" for name in DISTANCES.split()),
}


def is_older() -> bool:
    """Whether the installed scikit-learn is older than the one that the lists are for."""
    try:
        here = version("scikit-learn")
    except PackageNotFoundError:  # the lean image
        return False
    return tuple(int(part) for part in here.split(".")[:2]) < LISTED
