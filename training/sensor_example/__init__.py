"""The example: a model of two sensors, from readings to an artifact. Packing does not need it.

Read in this order: `prototype.ipynb` (where the model came from), `data/` (the readings, and how
they were made), `data.py` (reads them), `pipeline.py` (the model), `evaluate.py` (its metrics, and
the least that they must be), `fit.py` (fits, evaluates and packs it).
"""
