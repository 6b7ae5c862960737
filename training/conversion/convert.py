"""Converts a fitted estimator to an ONNX model.

The model's input is one float64 matrix, with a column for each input. A category is a number in it,
its code: its position among the known categories; then one code for unknown categories, and one for
null. An encoder of categories, whatever its class, becomes a table with the result for each code.
"""

import copy
import json
import math
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from service.model.engines import CODES, ROWS
from service.model.errors import one_line
from service.model.signature import Signature
from training.companions import encoders, readers
from training.conversion import companion_converters as companions
from training.conversion.converters import functions
from training.conversion.encoder_tables import Codes, codes_of, tables
from training.conversion.graphs import bridge
from training.conversion.shapes import Recoded
from training.errors import ConversionError, reraise_own
from training.estimators import introspection
from training.estimators.fitted_model import FittedModel
from training.estimators.learned_columns import resolve_columns
from training.onnx.lazy_probabilities import make_probabilities_optional
from training.onnx.nodes import POINTS
from training.onnx.unused import remove_unused

OPSETS = {"": 18, "ai.onnx.ml": 3}  # skl2onnx supports no later version of ai.onnx.ml
TREES_OPSET = 5  # the first version of ai.onnx.ml with TreeEnsemble, which computes in float64
FOLDABLE = (LogisticRegression, LinearSVC)
Steps = list[tuple[str, Any]]  # of a pipeline
OPTIONS: dict[str | None, list[dict[str, bool]]] = {
    "probabilities": [{"zipmap": False}, {}],
    "scores": [{"zipmap": False, "raw_scores": True}, {"raw_scores": True}, {}],
    None: [{}],
}
MAX_ROWS = 10_000  # of a usual request
MAX_CELLS = 1_000_000  # of an intermediate result, 8 MB
MAX_MEAN = 1e4  # standard deviations; folding a scaler with a larger mean would lose digits
SINGLE = {  # operators that compute in float32, whatever the type of their input
    *("Imputer", "LinearClassifier", "LinearRegressor", "Normalizer", "Scaler", "SVMClassifier"),
    *("SVMRegressor", "TreeEnsembleClassifier", "TreeEnsembleRegressor"),
}


def convert(fitted: FittedModel, signature: Signature) -> tuple[bytes, str]:
    """The ONNX model and the type in which it computes; ConversionError if there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            codes = codes_of(fitted, signature)
            sparse = companions.with_sparse_input(fitted)
            model = _on_matrix(fitted.estimator, signature, codes)
            return _converted(model, signature, codes, sparse)
        except ConversionError:
            raise
        except Exception as error:  # the converters raise any exception
            reraise_own(error)
            match error:
                case KeyError(args=(type() as kind,)):  # skl2onnx converts only its own there
                    raise ConversionError(f"a {kind.__name__} in another estimator") from error
            raise ConversionError(one_line(error, 160).partition(". ")[0]) from error


def _converted(
    model: Any, signature: Signature, codes: Codes, sparse: set[int]
) -> tuple[bytes, str]:
    more = companions.registered(model, sparse)
    try:
        converted = _by_skl2onnx(model, signature, _joined(functions(every=True), more))
    except NotImplementedError:
        converted = _by_skl2onnx(model, signature, _joined(functions(every=False), more))
    remove_unused(converted)
    make_probabilities_optional(converted)
    if any(node.op_type == "TreeEnsemble" for node in converted.graph.node):
        for used in converted.opset_import:
            used.version = TREES_OPSET if used.domain == "ai.onnx.ml" else used.version
    _sort_operator_sets(converted)
    entry = converted.metadata_props.add()
    entry.key, entry.value = CODES, json.dumps(codes)
    _limit_rows(converted)
    kinds = {node.op_type for node in converted.graph.node}
    single = {output.type.tensor_type.elem_type for output in converted.graph.output}
    rough = kinds & SINGLE or TensorProto.FLOAT in single
    return converted.SerializeToString(deterministic=True), "float32" if rough else "float64"


def _limit_rows(converted: Any) -> None:
    """Limit the rows of one call where each row is compared with many points."""
    arrays = converted.graph.initializer
    cells = max((math.prod(one.dims) for one in arrays if one.name.startswith(POINTS)), default=1)
    if cells * MAX_ROWS > MAX_CELLS:
        entry = converted.metadata_props.add()
        entry.key, entry.value = ROWS, str(max(1, MAX_CELLS // cells))


def _joined(one: Any, other: Any) -> Any:
    """Converters, shapes and parsers of both."""
    return tuple({**first, **second} for first, second in zip(one, other, strict=True))


def _sort_operator_sets(converted: Any) -> None:
    """Sort the operator sets: skl2onnx lists them in the order of a set of strings, which differs
    between processes, and so would the version of the model."""
    ordered = sorted(converted.opset_import, key=lambda used: used.domain)
    copies = [(used.domain, used.version) for used in ordered]
    del converted.opset_import[:]
    for domain, version in copies:
        converted.opset_import.add(domain=domain, version=version)


def _by_skl2onnx(model: Any, signature: Signature, more: Any) -> Any:
    """Convert by skl2onnx, with the first options that it supports for this model."""
    *others, last = OPTIONS[signature.confidence]
    for options in others:
        with suppress(NameError):  # this model has no such option
            return _with_options(model, signature, options, more)
    return _with_options(model, signature, last, more)


def _with_options(model: Any, signature: Signature, options: dict[str, bool], more: Any) -> Any:
    converters, shapes, parsers = more
    return convert_sklearn(
        model,
        initial_types=[("rows", DoubleTensorType([None, len(signature.inputs)]))],
        name="slipway",  # the default is random
        options={id(model): options} if options else None,
        target_opset=OPSETS,
        custom_conversion_functions=converters,
        custom_shape_calculators=shapes,
        custom_parsers=parsers,
    )


def _on_matrix(estimator: Any, signature: Signature, codes: Codes) -> Any:
    """The same estimator for a matrix: its parts select columns by position."""
    if hasattr(estimator, "best_estimator_"):
        return _on_matrix(estimator.best_estimator_, signature, codes)
    if isinstance(estimator, ColumnTransformer):
        return _by_number(estimator, signature, codes)
    if isinstance(estimator, Pipeline):
        steps = [
            (name, step) for name, step in estimator.steps if step not in (None, "passthrough")
        ]
        first = steps[0][1]
        is_read = isinstance(first, ColumnTransformer | Pipeline)
        if not is_read and (codes or any(encoders.is_encoder(step) for _, step in steps)):
            steps = _encoded(steps, signature, codes)
        else:
            steps[0] = (steps[0][0], _on_matrix(first, signature, codes))
        return Pipeline(_folded([*map(_transforming, steps[:-1]), steps[-1]]))
    if not codes:
        return estimator
    if getattr(estimator, "_preprocessor", None) is not None:  # of histogram boosting
        made = tables(estimator._preprocessor, list(signature.names), signature, codes)
        coded = copy.copy(estimator)
        coded._preprocessor = None
        return Pipeline([("tables", made), ("model", coded)])
    own = readers.categories(estimator)
    places = {name: place for place, name in enumerate(signature.names)}
    if {places[name] for name in codes} != own.keys():
        raise ConversionError("categories are read deep inside")
    recoded = Recoded({places[name]: _recoded(codes[name], own[places[name]]) for name in codes})
    return Pipeline([("codes", recoded), ("model", estimator)])


def _transforming(step: tuple[str, Any]) -> tuple[str, Any]:
    """The step of a pipeline; one that could also predict is marked as a transformer."""
    name, one = step
    return (name, bridge.Transforming(one)) if bridge.predicts(one) else step


def _encoded(steps: Steps, signature: Signature, codes: Codes) -> Steps:
    """The steps with tables in the place of as many of the first ones as they can stand for."""
    error = ConversionError("categories are read deep inside")
    for count in range(len(steps) - 1, 0, -1):
        try:
            made = tables(Pipeline(steps[:count]), list(signature.names), signature, codes)
        except ConversionError as found:
            error = found
        else:
            return [("tables", made), *steps[count:]]
    raise error


def _recoded(known: Sequence[Any], own: Sequence[Any]) -> list[float]:
    """By code, the model's own code of the category; -1 for an unknown category."""
    codes = {value: float(code) for code, value in enumerate(own)}
    return [*(codes.get(value, -1.0) for value in known), -1.0, np.nan]


def _folded(steps: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The steps, with a scaler folded into the coefficients of the linear model behind it: a row
    takes half as long."""
    if len(steps) < 2:
        return steps
    *first, (_, scaler), (name, model) = steps
    if type(scaler) is not StandardScaler or type(model) not in FOLDABLE:
        return steps
    scale = scaler.scale_ if scaler.with_std else np.ones(scaler.n_features_in_)
    mean = np.zeros(scaler.n_features_in_) if scaler.mean_ is None else scaler.mean_
    if (np.abs(mean / scale) > MAX_MEAN).any():
        return steps
    made = copy.copy(model)
    made.coef_ = model.coef_ / scale
    if scaler.with_mean:
        made.intercept_ = model.intercept_ - made.coef_ @ mean
    return [*first, (name, made)]


def _by_number(columns: ColumnTransformer, signature: Signature, codes: Codes) -> ColumnTransformer:
    names = list(signature.names)
    places = {name: place for place, name in enumerate(names)}
    transformers = []
    for name, part, chosen in columns.transformers_:
        own = resolve_columns(chosen, names)
        if (isinstance(part, str) and part == "drop") or not own:
            continue
        coded = [one for one in own if one in codes]
        if coded or any(map(encoders.is_encoder, introspection.parts(part))):
            part = tables(part, own, signature, codes)
        transformers.append((name, part, [places[one] for one in own]))
    made = copy.copy(columns)
    made.transformers_ = transformers
    made.transformers = transformers
    return made
