"""Changes the attributes of objects of older releases into those of the installed one, by class.

A migration gets the attributes in the pickle and changes them into those that the installed
scikit-learn would have written. It may be wrong: `proof.py` compares predictions before anything is
published. The version in a docstring is the release of scikit-learn in which the form changed.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from scipy.special import expit, softmax
from sklearn._loss import loss as losses
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._iforest import _average_path_length
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import LabelBinarizer, LabelEncoder
from sklearn.tree import DecisionTreeRegressor

from service.model.pickled_objects import VERSION
from training.estimators.learned_columns import resolve_columns
from training.older import samme_r
from training.older.names import Removed

State = dict[str, Any]
Version = tuple[int, ...]
Migration = Callable[[State, Version], None]


def migrated(cls: Any, state: Any, version: Version) -> Any:
    """The state as the installed scikit-learn would write it, for an object of `cls`."""
    if type(state) is not dict:
        return state
    for one in getattr(cls, "__mro__", ())[::-1]:
        migration = MIGRATIONS.get(f"{one.__module__}.{one.__qualname__}")
        if migration is not None:
            migration(state, version)
    for name in [name for name, value in state.items() if isinstance(value, Removed)]:
        del state[name]
    if hasattr(cls, "get_params"):
        _fill_parameters(class_of(cls, state), state)
    if VERSION in state:
        state[VERSION] = sklearn.__version__
    return state


def class_of(cls: Any, state: State) -> Any:
    """The class that an object with this state has in the installed release."""
    if samme_r.is_boosting(cls, state):
        return GradientBoostingClassifier
    return OneVsRestClassifier if "label_binarizer_" in state and cls is LogisticRegression else cls


def _fill_parameters(cls: Any, state: State) -> None:
    """Set the parameters that the older release did not have to their defaults."""
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if parameter.default is not parameter.empty:
            state.setdefault(name, parameter.default)


def _rename(state: State, old: str, new: str) -> None:
    if old in state:
        state.setdefault(new, state.pop(old))


def _tree(state: State, version: Version) -> None:
    """1.3 added the side of missing values. Up to 1.3 the leaf of a classifier has the weight of
    each class, since 1.4 its share."""
    nodes, values = state["nodes"], state["values"]
    wanted = DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 1.0]).tree_.__getstate__()["nodes"]
    if nodes.dtype != wanted.dtype:
        made = np.zeros(len(nodes), dtype=wanted.dtype)
        for name in nodes.dtype.names:
            made[name] = nodes[name]
        state["nodes"] = made
    if version < (1, 4) and values.shape[2] > 1:
        whole = values.sum(axis=2, keepdims=True)
        state["values"] = values / np.where(whole == 0.0, 1.0, whole)


def _isolation_forest(state: State, version: Version) -> None:
    """1.3 stores the depth of each leaf; before, predicting computed it."""
    if "_decision_path_lengths" in state or "estimators_" not in state:
        return
    trees = [one.tree_ for one in state["estimators_"]]
    state["_average_path_length_per_tree"] = tuple(
        _average_path_length(one.n_node_samples) for one in trees
    )
    state["_decision_path_lengths"] = tuple(one.compute_node_depths() for one in trees)


def _imputer(state: State, version: Version) -> None:
    """1.8 stores the dtype of the rows that were fitted, which is that of `statistics_`."""
    statistics = state.get("statistics_")
    if statistics is not None:
        state.setdefault("_fit_dtype", statistics.dtype)
        state.setdefault("_fill_dtype", state["_fit_dtype"])


def _tfidf(state: State, version: Version) -> None:
    """1.5 stores the weights as an array, before as the diagonal of a sparse matrix."""
    if "_idf_diag" in state:
        state["idf_"] = state.pop("_idf_diag").diagonal()


def _base_estimator(state: State, version: Version) -> None:
    """1.2 renamed `base_estimator`."""
    _rename(state, "calibrators_", "calibrators")  # of 0.23
    _rename(state, "base_estimator", "estimator")
    _rename(state, "base_estimator_", "estimator_")
    if state.get("estimator") == "deprecated":
        state["estimator"] = None


def _adaboost(state: State, version: Version) -> None:
    """1.6 removed SAMME.R."""
    samme_r.migrate(state)


def _gradient_boosting(state: State, version: Version) -> None:
    """1.4 uses the losses of histogram boosting; 1.1 and 1.2 renamed them."""
    state.pop("loss_", None)
    if isinstance(state.get("_loss"), Removed):
        del state["_loss"]
    names = {"deviance": "log_loss", "ls": "squared_error", "lad": "absolute_error"}
    state["loss"] = names.get(state["loss"], state["loss"])
    if "_loss" not in state:
        state["_loss"] = _loss(state)
    begin = state.get("init_")
    if isinstance(begin, Removed):
        state["init_"] = _beginning(begin.state, state)


def _loss(state: State) -> Any:
    """The loss by its name; predictions of a regressor do not depend on it."""
    if state["loss"] == "exponential":
        return losses.ExponentialLoss()
    if state["loss"] == "poisson":
        return losses.HalfPoissonLoss()
    if state["loss"] != "log_loss":
        return losses.HalfSquaredError()
    classes = len(state["classes_"])
    several = losses.HalfMultinomialLoss(n_classes=classes)
    return losses.HalfBinomialLoss() if classes == 2 else several


def _beginning(begin: State, state: State) -> Any:
    """The initial estimator: before 0.22 a class of boosting, since then a dummy."""
    if "mean" in begin:
        made = DummyRegressor()
        made.constant_, made.n_outputs_ = np.array([[begin["mean"]]]), 1
        return made
    if "prior" in begin:  # of the second of two classes, as its log-odds
        shares = np.array([expit(-begin["prior"]), expit(begin["prior"])])
    elif "priors" in begin:  # which were added as they are, not their logarithms
        shares = softmax(begin["priors"])
    else:
        raise NotImplementedError("gradient boosting with another initial estimator")
    made = DummyClassifier(strategy="prior")
    made.classes_, made.class_prior_ = np.arange(len(shares)), shares
    made.n_classes_, made.n_outputs_ = len(shares), 1
    made.sparse_output_, made._strategy = False, "prior"
    return made


def _histogram_boosting(state: State, version: Version) -> None:
    """1.4 encodes categories itself; before, the rows had their codes."""
    if "_preprocessor" not in state:
        coded = state.get("is_categorical_")  # the columns in which numbers stand for categories
        state.update(_preprocessor=None, _is_categorical_remapped=coded, is_categorical_=coded)
    state.pop("_feature_subsample_rng", None)
    _rename(state, "bin_mapper_", "_bin_mapper")
    begin = state.get("_baseline_prediction")
    if isinstance(begin, np.ndarray) and begin.ndim == 2 and begin.shape[1] == 1:
        state["_baseline_prediction"] = begin.T
    if "_loss" not in state or isinstance(state["_loss"], Removed):
        names = {
            "auto": "log_loss", "binary_crossentropy": "log_loss", "least_squares": "squared_error",
            "categorical_crossentropy": "log_loss",
        }  # fmt: skip
        state["loss"] = names.get(state["loss"], state["loss"])
        state["_loss"] = _loss(state)
    _rename(state, "n_features_", "_n_features")


def _function_transformer(state: State, version: Version) -> None:
    """1.6 renamed a parameter of `check_array`, which histogram boosting calls for its numbers."""
    keywords = getattr(state.get("func"), "keywords", {})
    _rename(keywords, "force_all_finite", "ensure_all_finite")


def _logistic_regression(state: State, version: Version) -> None:
    """1.8 removed `multi_class`: several classes are multinomial, two binary."""
    chosen = state.pop("multi_class", None)
    classes = state.get("classes_")
    if classes is None or chosen is None:
        return
    if chosen in ("auto", "warn", "deprecated"):
        several = len(classes) > 2 and state["solver"] not in ("liblinear", "warn")
        chosen = "multinomial" if several and chosen != "warn" else "ovr"
    if chosen == "multinomial" and len(classes) == 2:
        # Softmax of -z and z is the logistic function of 2 z.
        state["coef_"], state["intercept_"] = 2.0 * state["coef_"], 2.0 * state["intercept_"]
    elif chosen == "ovr" and len(classes) > 2:
        _split_by_class(state)


def _split_by_class(state: State) -> None:
    """Make the state that of `OneVsRestClassifier`: one model for each class against the rest."""
    classes, own = state["classes_"], {**state}
    parts = []
    for coefficients, start in zip(state["coef_"], state["intercept_"], strict=True):
        part = LogisticRegression(**{name: own[name] for name in ("solver", "C") if name in own})
        part.coef_, part.intercept_ = coefficients[None], np.array([start])
        part.classes_, part.n_features_in_ = np.array([0, 1]), own["coef_"].shape[1]
        part.n_iter_ = np.array([0])
        parts.append(part)
    kept = {name: own[name] for name in ("n_features_in_", "feature_names_in_") if name in own}
    state.clear()
    state.update(
        estimator=LogisticRegression(), n_jobs=None, verbose=0, estimators_=parts,
        label_binarizer_=LabelBinarizer(sparse_output=True).fit(classes), classes_=classes,
        **kept, **{VERSION: sklearn.__version__},
    )  # fmt: skip


def _encoder(state: State, version: Version) -> None:
    """1.2 and 1.3 can group infrequent categories; older encoders do not."""
    if "categories_" not in state:
        return
    state.setdefault("_infrequent_enabled", False)
    _rename(state, "sparse", "sparse_output")


def _one_hot_encoder(state: State, version: Version) -> None:
    _encoder(state, version)
    state.setdefault("_drop_idx_after_grouping", state.get("drop_idx_"))
    dropped = state.get("_drop_idx_after_grouping")
    if "categories_" in state and "_n_features_outs" not in state:
        state["_n_features_outs"] = [
            len(known) - (dropped is not None and dropped[place] is not None)
            for place, known in enumerate(state["categories_"])
        ]


def _ordinal_encoder(state: State, version: Version) -> None:
    """1.0 stores the codes of missing values; before, there were none."""
    _encoder(state, version)
    if "categories_" in state:
        state.setdefault("_missing_indices", {})


def _stacking(state: State, version: Version) -> None:
    """1.2 renamed the encoder of labels."""
    if "classes_" in state:
        _rename(state, "_le", "_label_encoder")
        if "_label_encoder" not in state:
            state["_label_encoder"] = LabelEncoder().fit(state["classes_"])


def _naive_bayes(state: State, version: Version) -> None:
    """1.0 renamed the variances."""
    _rename(state, "sigma_", "var_")


def _stochastic_gradient(state: State, version: Version) -> None:
    """1.1 renamed the loss that gives probabilities."""
    if state.get("loss") == "log":
        state["loss"] = "log_loss"


def _neighbours(state: State, version: Version) -> None:
    """0.22 stores the number of fitted rows."""
    if "_fit_X" in state:
        state.setdefault("n_samples_fit_", state["_fit_X"].shape[0])


def _support_vectors(state: State, version: Version) -> None:
    """0.22 and 0.23 made attributes private."""
    for old, new in (("n_support_", "_n_support"), ("probA_", "_probA"), ("probB_", "_probB")):
        _rename(state, old, new)
    found = state.get("support_vectors_")
    if found is not None and "classes_" not in state:  # a regressor, which uses the first number
        state["_n_support"] = np.array([found.shape[0], 0], dtype=np.int32)


def _isotonic(state: State, version: Version) -> None:
    """0.24 renamed the points of the interpolation."""
    _rename(state, "_necessary_X_", "X_thresholds_")
    _rename(state, "_necessary_y_", "y_thresholds_")


def _bins(state: State, version: Version) -> None:
    """0.24 added categories."""
    if "bin_thresholds_" in state:
        none = np.zeros(len(state["bin_thresholds_"]), dtype=np.uint8)
        state.setdefault("is_categorical_", none)


def _predictor(state: State, version: Version) -> None:
    """0.24 added splits by categories."""
    nodes = state["nodes"]
    if nodes.dtype != PREDICTOR_RECORD_DTYPE:
        made = np.zeros(len(nodes), dtype=PREDICTOR_RECORD_DTYPE)
        for name in nodes.dtype.names:
            made["num_threshold" if name == "threshold" else name] = nodes[name]
        state["nodes"] = made
    for name in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
        state.setdefault(name, np.zeros((0, 8), dtype=np.uint32))


def _column_transformer(state: State, version: Version) -> None:
    """1.0 renamed the column names of the frame, and stores the columns of each part by place."""
    names = state.pop("_df_columns", None)  # of 0.20 to 0.24
    others = state.pop("_feature_names_in", None)
    names = others if names is None else names
    if names is not None and all(type(name) is str for name in names):
        state.setdefault("feature_names_in_", np.array(list(names), dtype=object))
    if "_n_features" in state:
        state.setdefault("n_features_in_", state["_n_features"])
    if "transformers_" in state and "_transformer_to_input_indices" not in state:
        known = list(state.get("feature_names_in_", map(str, range(state["n_features_in_"]))))
        state["_transformer_to_input_indices"] = {
            name: [known.index(one) for one in resolve_columns(choice, known)]
            for name, _, choice in state["transformers_"]
            if choice is not None
        }


MIGRATIONS: dict[str, Migration] = {
    "sklearn.compose._column_transformer.ColumnTransformer": _column_transformer,
    "sklearn.tree._tree.Tree": _tree,
    "sklearn.ensemble._weight_boosting.AdaBoostClassifier": _adaboost,
    "sklearn.ensemble._iforest.IsolationForest": _isolation_forest,
    "sklearn.impute._base.SimpleImputer": _imputer,
    "sklearn.feature_extraction.text.TfidfTransformer": _tfidf,
    "sklearn.calibration.CalibratedClassifierCV": _base_estimator,
    "sklearn.calibration._CalibratedClassifier": _base_estimator,
    "sklearn.ensemble._base.BaseEnsemble": _base_estimator,
    "sklearn.ensemble._gb.BaseGradientBoosting": _gradient_boosting,
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting": (
        _histogram_boosting
    ),
    "sklearn.ensemble._stacking.StackingClassifier": _stacking,
    "sklearn.preprocessing._function_transformer.FunctionTransformer": _function_transformer,
    "sklearn.preprocessing._encoders.OneHotEncoder": _one_hot_encoder,
    "sklearn.preprocessing._encoders.OrdinalEncoder": _ordinal_encoder,
    "sklearn.naive_bayes.GaussianNB": _naive_bayes,
    "sklearn.linear_model._stochastic_gradient.BaseSGD": _stochastic_gradient,
    "sklearn.neighbors._base.NeighborsBase": _neighbours,
    "sklearn.isotonic.IsotonicRegression": _isotonic,
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper": _bins,
    "sklearn.svm._base.BaseLibSVM": _support_vectors,
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": _predictor,
    "sklearn.linear_model._logistic.LogisticRegression": _logistic_regression,
}
