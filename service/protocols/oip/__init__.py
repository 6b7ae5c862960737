"""The Open Inference Protocol, version 2 over REST, and KServe's version 1.

Read `route.py` first (the addresses, and how errors are told), then the way of a prediction:
`inference.py` (what a request asks), `tensors.py` (tensors to values), `outputs.py` (the answer to
tensors). `metadata.py` says what the model takes and gives; `v1.py` is version 1.
"""
