"""What the service knows of the model, without a word of HTTP.

Read in this order: `signature.py` (inputs and outputs), `manifest.py` (what a packed model says
of itself), `artifact.py` (the folder: verify, read), `publish.py` (the folder: write),
`remote.py` (the folder: fetch it from S3), `trust.py` and `names.py` (what may be unpickled),
`imports.py` (what would be), `onnx_check.py` and `onnx_wire.py` (what an ONNX model may hold),
`trial.py` with `audit.py`, `audit_rules.py`, `audit_imports.py`, `limits.py` and `child.py` (how
a model is loaded and tried without harm), `engines.py` (the libraries that compute),
`predictor.py` (columns in, predictions out), `golden.py` (the same as when it was packed?),
`numbers.py` (numbers in text), `example.py` (rows made up).
"""
