"""The training half: from readings to a packed model.

Read in this order: `prototype.ipynb` (where it came from), `data.py`, `pipeline.py`, `evaluate.py`,
`pack.py`, `fit.py`, which joins them, and `__main__.py`, the command line. Packing ends by loading
what it wrote through `service.model`, the very code that will serve it.
"""
