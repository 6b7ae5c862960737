"""Parts of an ONNX graph that know nothing of the estimator they came from.

`nodes.py` has single nodes and what several converters make of them, `trees.py` ensembles of trees,
`lazy_probabilities.py` computes probabilities only on request.
"""
