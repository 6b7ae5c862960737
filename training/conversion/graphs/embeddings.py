"""Embeddings by a kernel: kernel PCA, and Isomap, which applies it to geodesic distances."""

from typing import Any

import numpy as np
from sklearn import decomposition, manifold

from training.conversion.graphs.distances import neighbours, to_neighbours
from training.conversion.graphs.kernels import kernel
from training.conversion.graphs.linear import sums
from training.conversion.graphs.registry import TRANSFORMERS, row_sum, writes
from training.onnx.nodes import POINTS, Nodes


@writes(TRANSFORMERS, decomposition.KernelPCA)
def kernel_pca(add: Nodes, model: Any, rows: str) -> str:
    """The components of the centred kernel."""
    if model.kernel == "precomputed" or model.kernel_params:
        raise NotImplementedError("a kernel that is computed elsewhere, or with parameters")
    found = kernel(
        add, rows, model.X_fit_, model.kernel, float(model.gamma_), model.coef0, model.degree
    )
    return _components(add, model, found)


def _components(add: Nodes, model: Any, found: str) -> str:
    centerer, values = model._centerer, model.eigenvalues_
    means = centerer.K_fit_rows_
    own = row_sum(add, found)
    mean = add("Div", own, add.constant(np.array(float(len(means)))))
    centred = add("Sub", add("Sub", found, add.constant(means)), mean)
    centred = add("Add", centred, add.constant(np.array(float(centerer.K_fit_all_))))
    scale = np.divide(1.0, np.sqrt(values), out=np.zeros_like(values), where=values > 0)
    return sums(add, centred, (model.eigenvectors_ * scale).T, 0.0)


@writes(TRANSFORMERS, manifold.Isomap)
def isomap(add: Nodes, model: Any, rows: str) -> str:
    """The shortest ways to all fitted rows, each by one of the nearest; then kernel PCA."""
    nearby, count = model.nbrs_, model.n_neighbors
    if count is None:
        raise NotImplementedError("neighbours within a radius")
    which = neighbours(add, nearby, rows, count)
    first = add("Reshape", to_neighbours(add, nearby, rows, which), add.constant([-1, count, 1]))
    ways = add("Add", add("Gather", add.constant(model.dist_matrix_, POINTS), which), first)
    longest = add("ReduceMax", add("Neg", ways), add.constant([1]), keepdims=0)
    squares = add("Mul", longest, longest)
    halved = add("Mul", squares, add.constant(np.array(-0.5)))
    return _components(add, model.kernel_pca_, halved)
