"""The `slipway` command: what `training`, `service` and `ecs` do, in one place.

`command.py` lists all commands and handles their errors. `packing.py`, `serving.py` and `serve.py`
have those of `training` and `service`. `init.py` writes a Dockerfile and a compose file. Options
that several commands have are in `options.py`, and the commands for AWS in `ecs/commands/`.
`gunicorn.conf.py` is a link to that of the repository.
"""
