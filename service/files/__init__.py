"""A file of rows, scored by the code that answers requests: `python -m service predict`.

Read in this order: `command.py` (what it does and tells), `tables.py` (CSV, row by row),
`scoring.py` (rows to predictions, bad ones with their reason), `parts.py` (the unfinished output,
which a later run goes on with), `progress.py` (how far it is).
"""
