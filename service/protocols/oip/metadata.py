"""Inputs and outputs of the model with the datatypes of this protocol."""

from collections.abc import Iterable
from typing import Any

from service import __version__
from service.api.fields import MAX_EXACT
from service.model.artifact import ONNX
from service.model.manifest import Manifest
from service.model.signature import Input, Label, Output
from service.protocols.oip.tensors import BYTES

PLATFORMS = {ONNX: "onnx_onnxv1"}  # <project>_<format>
SERVER = {
    "name": "slipway",
    "version": __version__,
    "extensions": ["binary_tensor_data"],
}


def datatype_of(column: Input) -> str:
    """The datatype that represents all values of a column. Null is NaN, unless that would round
    integers."""
    if column.categories:
        found = of_labels(column.categories)
        if found != "INT64":
            return found
        are_small = all(abs(float(one)) < MAX_EXACT["float64"] for one in column.categories)
        return "FP64" if column.nullable and are_small else found
    if column.kind == "number":
        return "FP32" if column.dtype == "float32" else "FP64"
    if column.kind == "integer":
        if column.dtype.startswith("float"):
            return "FP64"
        return "UINT64" if column.dtype.lower() == "uint64" else "INT64"
    return "BOOL" if column.kind == "boolean" else BYTES


def of_output(output: Output) -> str:
    """The datatype of an output."""
    if output.labels:
        return of_labels(output.labels)
    return {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}.get(output.kind, BYTES)


def of_labels(labels: Iterable[Label]) -> str:
    """The datatype that represents all these labels."""
    kinds = set(map(type, labels))
    if kinds == {bool}:
        return "BOOL"
    if kinds == {int}:
        return "INT64"
    return "FP64" if kinds <= {int, float} else BYTES


def model(manifest: Manifest, outputs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The response of `GET /v2/models/NAME`: one input per column, with any number of rows."""
    return {
        "name": manifest.name,
        "versions": [manifest.version],
        "platform": PLATFORMS.get(manifest.engine, "sklearn_joblib"),
        "inputs": [
            {"name": column.name, "datatype": datatype_of(column), "shape": [-1, 1]}
            for column in manifest.signature.inputs
        ],
        "outputs": list(outputs),
    }
