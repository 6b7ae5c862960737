"""The commands, and the only code that knows their arguments.

Read in this order: `options.py` (what they share), `deploy.py`, `rollback.py`, `verify.py`,
`destroy.py`, `cost.py` and `sbom.py`.
"""
