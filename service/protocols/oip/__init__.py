"""The Open Inference Protocol, version 2 over REST, and KServe's version 1.

Read `route.py` first (the routes, and the format of errors), then the parts of a prediction:
`inference.py` (parses a request), `tensors.py` (tensors to values), `outputs.py` (an answer to
tensors). `metadata.py` describes inputs and outputs of the model; `v1.py` is version 1.
"""
