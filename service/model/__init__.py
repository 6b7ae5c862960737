"""What the service knows of the model, without a word of HTTP.

Read in this order: `signature.py` (inputs and outputs), `manifest.py` (what a packed model says of
itself), `parsing.py` (JSON with the types that were declared), `version.py` (what the version of a
model covers), `artifact.py` (the folder: verify, read), `publish.py` (the folder: write),
`remote.py` (the folder: fetch it from S3), `filetypes.py` (what a file is that is no model),
`unpickling.py` (load or inspect a pickle), `pickled_reading.py` (its bytes), `unpickler.py` (opcode
by opcode), `pickled_names.py`, `pickled_objects.py` and `pickled_calls.py` (what becomes of a name,
and of a call), `pickled_sizes.py` and `pickled_methods.py` (content that is endless for native
code, and attributes that name methods), `allowlist.py`, `estimator_names.py` and `companions.py`
(the names), `trust.py` (names that the operator adds), `rebuilding.py`, `random_rebuilding.py`,
`pandas_rebuilding.py`, `distribution_rebuilding.py` and `arrow_rebuilding.py` (objects made by
calls), `onnx_check.py` and `onnx_wire.py` (what an ONNX model may hold), `trial.py` with
`audit.py`, `audit_rules.py`, `audit_imports.py`, `limits.py`, `child.py` and `stoppable.py` (how a
model is loaded and tried without harm), `engines.py` (the libraries that compute), `frames.py`
(rows with the types that the model was fitted on), `dates.py` (dates and times as text),
`outputs.py` (probabilities of several outputs), `ranking.py` (the most probable labels),
`predictor.py` (columns in, predictions out), `golden.py` (the same as when it was packed?),
`numbers.py` (numbers in text), `names.py` (names in a header line), `example.py` (rows made up).
"""
