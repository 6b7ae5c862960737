"""The `slipway` command: what `training`, `service` and `ecs` do, in one place.

`command.py` lists all commands and handles their errors. `packing.py`, `serving.py` and `serve.py`
have those of `training` and `service`, `options.py` what their options share; those for AWS are in
`ecs/commands/`. `gunicorn.conf.py` is a link to that of the repository.
"""
