"""Adds ONNX nodes with unique names, and combinations that several converters use."""

from typing import Any

import numpy as np
from onnx import TensorProto

POINTS = "points"  # prefix of arrays that each row is compared with, such as support vectors


class Nodes:
    """Adds nodes with unique names to the container of a converter.

    `column_vectors` has by each value that `to_column` returned the vector that it is made of.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope = scope
        self.container = container
        self.column_vectors: dict[str, str] = {}

    def __call__(
        self, kind: str, *inputs: str, out: str = "", domain: str = "", **more: Any
    ) -> str:
        """Add a node and return the name of its output."""
        out = out or self.scope.get_unique_variable_name(kind.lower())
        if domain:
            more["op_domain"] = domain
        name = self.scope.get_unique_operator_name(kind)
        self.container.add_node(kind, list(inputs), [out], name=name, **more)
        return out

    def constant(self, values: Any, prefix: str = "constant") -> str:
        """Add an array of numbers or texts and return its name, which begins with the prefix."""
        array = np.asarray(values)
        kinds = {"f": TensorProto.DOUBLE, "i": TensorProto.INT64, "U": TensorProto.STRING}
        kind = TensorProto.FLOAT if array.dtype == np.float32 else kinds[array.dtype.kind]
        content = array.ravel().tolist()
        if kind == TensorProto.STRING:
            content = [text.encode() for text in content]
        name: str = self.scope.get_unique_variable_name(prefix)
        self.container.add_initializer(name, kind, list(array.shape), content)
        return name


def labels(add: Nodes, place: str, classes: Any, out: str = "") -> str:
    """The classes at these positions, of shape (rows,)."""
    return add("Gather", add.constant(_known(classes)), place, out=out, axis=0)


def where_second(add: Nodes, is_second: str, classes: Any, out: str = "") -> str:
    """The second class where this is true, of shape (rows,), else the first."""
    first, second = (add.constant(one) for one in _known(classes))
    return add("Where", is_second, second, first, out=out)


def sigmoids(add: Nodes, scores: str, out: str = "") -> str:
    """The probabilities of two classes, of shape (rows, 2); scores are (rows,)."""
    second = add("Sigmoid", scores)
    first = add("Sub", add.constant(np.array(1.0)), second)
    return add("Concat", to_column(add, first), to_column(add, second), out=out, axis=1)


def to_vector(add: Nodes, column: str) -> str:
    """Shape (rows, 1) to (rows,): adding one number to all values is then far faster."""
    return add.column_vectors.get(column) or add("Reshape", column, add.constant(np.array([-1])))


def to_column(add: Nodes, values: str, out: str = "") -> str:
    """Shape (rows,) to (rows, 1)."""
    found = add("Reshape", values, add.constant(np.array([-1, 1])), out=out)
    add.column_vectors[found] = values
    return found


def _known(classes: Any) -> Any:
    known = np.asarray(classes)
    kinds = {"O": str, "U": str, "f": np.float64}
    return known.astype(kinds.get(known.dtype.kind, np.int64))
