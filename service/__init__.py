"""The serving half: it loads a packed model and answers HTTP.

Read in this order: `model/` (knows the model, knows no HTTP), `api/` (knows HTTP, knows no
scikit-learn), `operations/` (keeps it running), `dialects/` (other protocols), then `settings.py`,
`app.py`, `server.py` and `__main__.py`, which join them; `bench/` measures the whole, `files/`
scores files, `check.py` looks at a model. Nothing here imports `training`; `training` may import
`service.model`, so this file imports nothing.
"""
