"""From a fitted estimator to an ONNX model of one float64 matrix: a column for each input.

A category stands in it as a number, its code: the place among the known categories, one more for
any other, one more for null. An encoder of categories becomes a table of what each code gives,
whatever the encoder is.
"""

import copy
import json
import warnings
from contextlib import suppress
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from service.model.engines import CODES, ScikitLearn
from service.model.predictor import as_column
from service.model.signature import Container, Input, Label, Signature
from training import walk
from training.converters import CONVERTERS
from training.inputs import UNSEEN
from training.shapes import PARSERS, SHAPES, Tables

OPSETS = {"": 18, "ai.onnx.ml": 3}  # the last that skl2onnx knows of the second
TREES = 5  # the first of the second that has trees of float64
OPTIONS: dict[str | None, list[dict[str, bool]]] = {
    "probabilities": [{"zipmap": False}],
    "scores": [{"zipmap": False, "raw_scores": True}, {"raw_scores": True}, {}],
    None: [{}],
}
SINGLE = {  # these compute with float32, whatever they are given
    *("Imputer", "LinearClassifier", "LinearRegressor", "Normalizer", "Scaler", "SVMClassifier"),
    *("SVMRegressor", "TreeEnsembleClassifier", "TreeEnsembleRegressor"),
}
Codes = dict[str, list[Label]]


class ConversionError(Exception):
    """There is no ONNX model for an estimator; the text says why in one line."""


def convert(estimator: Any, signature: Signature) -> tuple[bytes, str]:
    """The ONNX model, and the type that it computes with; ConversionError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            codes = _codes(estimator, signature)
            return _converted(_on_matrix(estimator, signature, codes), signature, codes)
        except ConversionError:
            raise
        except Exception as error:  # the converters raise all kinds
            text = " ".join(str(error).split()).partition(". ")[0]
            raise ConversionError(f"{type(error).__name__}: {text}"[:160]) from error


def _converted(model: Any, signature: Signature, codes: Codes) -> tuple[bytes, str]:
    converted = _by_skl2onnx(model, signature)
    if any(node.op_type == "TreeEnsemble" for node in converted.graph.node):
        for used in converted.opset_import:
            used.version = TREES if used.domain == "ai.onnx.ml" else used.version
    entry = converted.metadata_props.add()
    entry.key, entry.value = CODES, json.dumps(codes)
    kinds = {node.op_type for node in converted.graph.node}
    single = {output.type.tensor_type.elem_type for output in converted.graph.output}
    rough = kinds & SINGLE or TensorProto.FLOAT in single
    return converted.SerializeToString(deterministic=True), "float32" if rough else "float64"


def _by_skl2onnx(model: Any, signature: Signature) -> Any:
    """What skl2onnx makes of it, with the first options that it knows for this model."""
    *others, last = OPTIONS[signature.confidence]
    for options in others:
        with suppress(NameError):  # this model has no such option
            return _with_options(model, signature, options)
    return _with_options(model, signature, last)


def _with_options(model: Any, signature: Signature, options: dict[str, bool]) -> Any:
    return convert_sklearn(
        model,
        initial_types=[("rows", DoubleTensorType([None, len(signature.inputs)]))],
        name="slipway",  # the same model has the same bytes
        options={id(model): options} if options else None,
        target_opset=OPSETS,
        custom_conversion_functions=CONVERTERS,
        custom_shape_calculators=SHAPES,
        custom_parsers=PARSERS,
    )


def _codes(estimator: Any, signature: Signature) -> Codes:
    """The known categories of each input that has some, in the order of their codes."""
    known = walk.known_values(estimator, signature.names)
    codes: Codes = {}
    for column in signature.inputs:
        learned = known.get(column.name, set()) | set(column.categories or ())
        if learned or column.kind in ("category", "text"):
            found = [value for value in learned if value is not None and value == value]
            if not found:
                raise ConversionError(f"{column.name} is {column.kind} that no encoder reads")
            codes[column.name] = sorted(found, key=lambda value: (type(value).__name__, value))
    return codes


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
                ("tables", _tables(encoder, list(signature.names), signature, codes)),
                steps[-1],
            ]
        else:
            steps[0] = (steps[0][0], _on_matrix(first, signature, codes))
        return Pipeline(steps)
    if codes:
        raise ConversionError("categories are read deep inside")
    return estimator


def _by_number(columns: ColumnTransformer, signature: Signature, codes: Codes) -> ColumnTransformer:
    names = list(signature.names)
    transformers = []
    for name, part, chosen in columns.transformers_:
        own = walk.chosen(chosen, names)
        if (isinstance(part, str) and part == "drop") or not own:
            continue
        coded = [one for one in own if one in codes]
        if coded and len(coded) < len(own):
            raise ConversionError(f"{name} takes categories and numbers at once")
        if coded:
            part = _tables(part, own, signature, codes)
        transformers.append((name, part, [names.index(one) for one in own]))
    made = copy.copy(columns)
    made.transformers_ = transformers
    made.transformers = transformers
    return made


def _tables(encoder: Any, names: list[str], signature: Signature, codes: Codes) -> Tables:
    """What each code of each column becomes, if no column of the result depends on two."""
    if isinstance(encoder, str):
        raise ConversionError(f"{names[0]} is text that is not encoded")
    inputs = [column for column in signature.inputs if column.name in names]
    inputs.sort(key=lambda column: names.index(column.name))
    values = [_values(column, codes[column.name]) for column in inputs]
    first = [known[0] for known in values]
    found = []
    for place, known in enumerate(values):
        rows = [[*first[:place], value, *first[place + 1 :]] for value in known]
        found.append(_encoded(encoder, rows, inputs, signature.container))
    changing = [set(np.flatnonzero((table != table[:1]).any(axis=0)).tolist()) for table in found]
    if sum(map(len, changing)) > len(set().union(*changing)):
        raise ConversionError(f"{names[0]} and others are encoded together")
    changing[0] |= set(range(found[0].shape[1])) - set().union(*changing)
    picked = [sorted(columns) for columns in changing]
    order = np.argsort([column for columns in picked for column in columns])
    return Tables([table[:, own] for table, own in zip(found, picked, strict=True)], order.tolist())


def _values(column: Input, known: list[Label]) -> list[Any]:
    """A value for each code; where there can be none, a known one takes its place."""
    if column.closed:
        other: Any = known[0]
    else:
        other = UNSEEN if isinstance(known[0], str) else max(map(float, known)) + 1
    return [*known, other, None if column.nullable else known[0]]


def _encoded(encoder: Any, rows: list[Any], inputs: list[Input], container: Container) -> Any:
    signature = Signature(container=container, inputs=tuple(inputs), outputs=())
    columns = [
        as_column([row[place] for row in rows], column.dtype) for place, column in enumerate(inputs)
    ]
    table = encoder.transform(ScikitLearn(None, signature).contained(columns))
    table = table.toarray() if hasattr(table, "toarray") else np.asarray(table)
    return table.astype(np.float64)
