"""What the service knows of the model, without a word of HTTP.

Read in this order: `signature.py` (inputs and outputs), `manifest.py` (what a packed model says
of itself), `parsing.py` (JSON with the types that were declared), `version.py` (what the version of
a model covers), `artifact.py` (the folder: verify, read), `publish.py` (the folder: write),
`remote.py` (the folder: fetch it from S3), `trust.py` and `names.py` (what may be unpickled),
`imports.py` (what would be), `engines.py` (the libraries that compute), `predictor.py` (columns in,
predictions out), `numbers.py` (numbers in text), `example.py` (rows made up).
"""
