"""From a fitted estimator to an ONNX model of one float64 matrix: a column for each input.

A category stands in it as a number, its code: the place among the known categories, one more for
any other, one more for null. An encoder of categories becomes a table of what each code gives,
whatever the encoder is.
"""

import copy
import json
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from service.model.engines import CODES
from service.model.signature import Signature
from training.companions import readers
from training.conversion import companion_converters as companions
from training.conversion.converters import CONVERTERS
from training.conversion.encoder_tables import Codes, codes_of, tables
from training.conversion.shapes import LINEAR, PARSERS, SHAPES, Recoded
from training.errors import ConversionError
from training.estimators import introspection
from training.onnx.lazy_probabilities import only_if_asked

OPSETS = {"": 18, "ai.onnx.ml": 3}  # the last that skl2onnx knows of the second
TREES = 5  # the first of the second that has trees of float64
OPTIONS: dict[str | None, list[dict[str, bool]]] = {
    "probabilities": [{"zipmap": False}, {}],
    "scores": [{"zipmap": False, "raw_scores": True}, {"raw_scores": True}, {}],
    None: [{}],
}
FAR = 1e4  # standard deviations from zero; digits are lost where a mean is further off
SINGLE = {  # these compute with float32, whatever they are given
    *("Imputer", "LinearClassifier", "LinearRegressor", "Normalizer", "Scaler", "SVMClassifier"),
    *("SVMRegressor", "TreeEnsembleClassifier", "TreeEnsembleRegressor"),
}


def convert(estimator: Any, signature: Signature) -> tuple[bytes, str]:
    """The ONNX model, and the type that it computes with; ConversionError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            codes = codes_of(estimator, signature)
            sparse = companions.fed_sparse(estimator)
            return _converted(_on_matrix(estimator, signature, codes), signature, codes, sparse)
        except ConversionError:
            raise
        except Exception as error:  # the converters raise all kinds
            text = " ".join(str(error).split()).partition(". ")[0]
            raise ConversionError(f"{type(error).__name__}: {text}"[:160]) from error


def _converted(
    model: Any, signature: Signature, codes: Codes, sparse: set[int]
) -> tuple[bytes, str]:
    converted = _by_skl2onnx(model, signature, companions.registered(model, sparse))
    only_if_asked(converted)
    if any(node.op_type == "TreeEnsemble" for node in converted.graph.node):
        for used in converted.opset_import:
            used.version = TREES if used.domain == "ai.onnx.ml" else used.version
    _sort_operator_sets(converted)
    entry = converted.metadata_props.add()
    entry.key, entry.value = CODES, json.dumps(codes)
    kinds = {node.op_type for node in converted.graph.node}
    single = {output.type.tensor_type.elem_type for output in converted.graph.output}
    rough = kinds & SINGLE or TensorProto.FLOAT in single
    return converted.SerializeToString(deterministic=True), "float32" if rough else "float64"


def _sort_operator_sets(converted: Any) -> None:
    """Put the operator sets in order: skl2onnx lists them in the order of a set of strings, which
    changes from process to process, and the version of the model would change with it."""
    ordered = sorted(converted.opset_import, key=lambda used: used.domain)
    copies = [(used.domain, used.version) for used in ordered]
    del converted.opset_import[:]
    for domain, version in copies:
        converted.opset_import.add(domain=domain, version=version)


def _by_skl2onnx(model: Any, signature: Signature, more: Any) -> Any:
    """What skl2onnx makes of it, with the first options that it knows for this model."""
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
        name="slipway",  # the same model has the same bytes
        options={id(model): options} if options else None,
        target_opset=OPSETS,
        custom_conversion_functions={**CONVERTERS, **converters},
        custom_shape_calculators={**SHAPES, **shapes},
        custom_parsers={**PARSERS, **parsers},
    )


def _on_matrix(estimator: Any, signature: Signature, codes: Codes) -> Any:
    """An estimator like this one whose parts know its columns by number."""
    if hasattr(estimator, "best_estimator_"):
        return _on_matrix(estimator.best_estimator_, signature, codes)
    if isinstance(estimator, ColumnTransformer):
        return _by_number(estimator, signature, codes)
    if isinstance(estimator, Pipeline):
        steps = [
            (name, step) for name, step in estimator.steps if step not in (None, "passthrough")
        ]
        first = steps[0][1]
        if codes and not isinstance(first, ColumnTransformer | Pipeline):
            if set(codes) != set(signature.names):
                raise ConversionError("categories are read deep inside")
            encoder = Pipeline(steps[:-1])
            steps = [
                ("tables", tables(encoder, list(signature.names), signature, codes)),
                steps[-1],
            ]
        else:
            steps[0] = (steps[0][0], _on_matrix(first, signature, codes))
        return Pipeline(_folded(steps))
    if not codes:
        return estimator
    own = readers.categories(estimator)
    places = {name: place for place, name in enumerate(signature.names)}
    if {places[name] for name in codes} != own.keys():
        raise ConversionError("categories are read deep inside")
    recoded = Recoded({places[name]: _recoded(codes[name], own[places[name]]) for name in codes})
    return Pipeline([("codes", recoded), ("model", estimator)])


def _recoded(known: Sequence[Any], own: Sequence[Any]) -> list[float]:
    """What each of our codes becomes: the model's own, -1 for a category that it does not know."""
    codes = {value: float(code) for code, value in enumerate(own)}
    return [*(codes.get(value, -1.0) for value in known), -1.0, np.nan]


def _folded(steps: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The steps, without a scaler right before a linear model that can scale as well: a row takes
    half as long."""
    if len(steps) < 2:
        return steps
    *first, (_, scaler), (name, model) = steps
    if type(scaler) is not StandardScaler or type(model) not in LINEAR:
        return steps
    scale = scaler.scale_ if scaler.with_std else np.ones(scaler.n_features_in_)
    mean = np.zeros(scaler.n_features_in_) if scaler.mean_ is None else scaler.mean_
    if (np.abs(mean / scale) > FAR).any():
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
        own = introspection.chosen(chosen, names)
        if (isinstance(part, str) and part == "drop") or not own:
            continue
        coded = [one for one in own if one in codes]
        if coded and len(coded) < len(own):
            raise ConversionError(f"{name} takes categories and numbers at once")
        if coded:
            part = tables(part, own, signature, codes)
        transformers.append((name, part, [places[one] for one in own]))
    made = copy.copy(columns)
    made.transformers_ = transformers
    made.transformers = transformers
    return made
