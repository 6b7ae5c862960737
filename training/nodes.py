"""ONNX nodes with names of their own, and what several converters make of them."""

from typing import Any

import numpy as np
from onnx import TensorProto


class Nodes:
    """Adds nodes with names of their own."""

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope = scope
        self.container = container

    def __call__(
        self, kind: str, *inputs: str, out: str = "", domain: str = "", **more: Any
    ) -> str:
        """Add a node; the name of its output."""
        out = out or self.scope.get_unique_variable_name(kind.lower())
        if domain:
            more["op_domain"] = domain
        name = self.scope.get_unique_operator_name(kind)
        self.container.add_node(kind, list(inputs), [out], name=name, **more)
        return out

    def constant(self, values: Any) -> str:
        """Add numbers or texts; their name."""
        array = np.asarray(values)
        kinds = {"f": TensorProto.DOUBLE, "i": TensorProto.INT64, "U": TensorProto.STRING}
        kind = kinds[array.dtype.kind]
        content = array.ravel().tolist()
        if kind == TensorProto.STRING:
            content = [text.encode() for text in content]
        name: str = self.scope.get_unique_variable_name("constant")
        self.container.add_initializer(name, kind, list(array.shape), content)
        return name


def labels(add: Nodes, place: str, classes: Any, out: str) -> None:
    """The classes at these places, of shape (rows,)."""
    known = np.asarray(classes)
    known = known.astype(str) if known.dtype.kind in "OU" else known.astype(np.int64)
    add("Gather", add.constant(known), place, out=out, axis=0)


def second_of_two(add: Nodes, scores: str, compare: str, classes: Any, out: str) -> None:
    """The second class where its score is greater than 0, else the first."""
    flat = add("Reshape", scores, add.constant(np.array([-1])))
    place = add("Cast", add(compare, flat, add.constant(np.array(0.0))), to=TensorProto.INT64)
    labels(add, place, classes, out)


def sigmoids(add: Nodes, scores: str, out: str) -> None:
    """The probabilities of two classes."""
    second = add("Sigmoid", scores)
    first = add("Sub", add.constant(np.array(1.0)), second)
    add("Concat", first, second, out=out, axis=1)
