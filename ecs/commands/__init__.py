"""The commands, and the only code that parses their arguments.

Read in this order: `options.py` (shared options and exit codes), `deploy.py`,
`rollback.py`, `verify.py`, `destroy.py`, `cost.py` and `sbom.py`.
"""
