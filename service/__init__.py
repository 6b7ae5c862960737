"""The serving half: it loads a packed model and answers HTTP.

Read in this order: `model/` (knows the model, knows no HTTP), `api/` (knows HTTP, knows no
scikit-learn), `scheduling/` (who computes when), `middleware/` (what surrounds every answer),
`server/` (how bytes become a call), `observability/` (logs, metrics, traces), `protocols/` (other
protocols), then `settings.py`, `app.py`, `asgi.py` (what gunicorn runs) and `__main__.py`, which
join them; `bench/` measures the whole, `batch/` scores files, `check.py` looks at a model,
`healthcheck.py` is the container's own check. Nothing here imports `training`; `training` may
import `service.model`, so this file imports nothing.
"""
