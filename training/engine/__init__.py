"""Selects the engine of a model, and proves that its predictions are those of the estimator.

Read in this order: `selection.py` (converts, compares and measures), `proven_ranges.py` (finds the
ranges of numbers within which two engines are equal), `truth.py` (compares with the estimator's
predictions for the user's own rows).
"""
