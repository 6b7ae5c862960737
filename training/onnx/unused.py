"""Removes nodes and arrays that no output of a model depends on."""

from typing import Any

from training.onnx.lazy_probabilities import needed, read


def remove_unused(model: Any) -> None:
    """Remove nodes and arrays that no output depends on; ONNX Runtime would compute the nodes."""
    graph = model.graph
    used = set().union(*(needed(graph, output.name) for output in graph.output))
    kept = [node for node in graph.node if not used.isdisjoint(node.output)]
    del graph.node[:]
    graph.node.extend(kept)
    names = {name for node in kept for name in read(node)}
    arrays = [one for one in graph.initializer if one.name in names]
    del graph.initializer[:]
    graph.initializer.extend(arrays)
