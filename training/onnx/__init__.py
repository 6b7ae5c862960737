"""Parts of an ONNX graph, independent of the estimator.

`nodes.py` has single nodes and combinations that several converters use, `trees.py` has ensembles
of trees, `lazy_probabilities.py` makes a model compute probabilities only on request,
`unused.py` removes what no output needs.
"""
