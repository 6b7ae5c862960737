"""Loads a packed model, and serves it over HTTP.

Read in this order: `model/` (the model and its artifact, without HTTP), `api/` (requests and
responses, without scikit-learn), `scheduling/` (when a prediction runs), `middleware/` (around
every response), `server/` (the ASGI app and gunicorn), `observability/` (logs, metrics, traces),
`monitoring/` (drift), `protocols/` (formats of other servers), then `settings.py` and
`renamed_settings.py`, `app.py` and `asgi.py` (what gunicorn runs), which put all together. `bench/`
measures the service, `batch/` scores files, `check.py` verifies an artifact, `prove.py` repeats its
proofs, `healthcheck.py` is the container's health check. Nothing here imports `training`;
`training` may import `service.model`, so this file imports nothing.
"""

__version__ = "0.1.0"  # of the whole: pyproject.toml reads it here
