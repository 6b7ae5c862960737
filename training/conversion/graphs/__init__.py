"""Writes fitted estimators of scikit-learn as ONNX nodes that compute in float64, as it does.

Read in this order: `registry.py` (the functions by class, and what a function returns),
`linear.py`, `bayes.py`, `trees.py`, `distances.py` (clusters and neighbours), `kernels.py` (support
vectors and kernel methods), `embeddings.py`, `scaling.py`, `features.py`, `curves.py` and
`imputing.py` (transformers), `composed.py` and `multiclass.py` (estimators of other estimators).
`bridge.py` registers all of these with skl2onnx.
"""
