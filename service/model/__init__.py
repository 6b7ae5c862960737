"""What the service knows of the model, without a word of HTTP.

Read in this order: `signature.py` (inputs and outputs), `manifest.py` (what a packed model says
of itself), `artifact.py` (the folder: verify, read), `publish.py` (the folder: write), `remote.py`
(the folder: fetch it from S3), `unpickling.py` (load or inspect a pickle), `unpickler.py` (opcode
by opcode), `pickled_names.py` and `pickled_calls.py` (what becomes of a name, and of a call),
`allowlist.py` and `sklearn_names.py` (the names), `trust.py` (names that the operator adds),
`rebuilding.py`, `random_rebuilding.py`, `pandas_rebuilding.py` and `arrow_rebuilding.py` (objects
made by calls), `engines.py` (the libraries that compute), `outputs.py` (probabilities of several
outputs), `ranking.py` (the most probable labels), `predictor.py` (columns in, predictions out),
`numbers.py` (numbers in text), `example.py` (rows made up).
"""
