"""Selects the engine of a model, and proves that its predictions are those of the estimator.

Read in this order: `selection.py` (converts, compares and measures), `probe_rows.py` (generates
rows on which two engines are likely to differ), `truth.py` (compares with the estimator's
predictions for the user's own rows), `boundary_rows.py` (finds rows beside the boundary between two
labels, to test whether several requests may share one call of the model).
"""
