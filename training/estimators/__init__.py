"""Fitted estimators: their parts, and calls without side effects.

Read in this order: `introspection.py` (finds the parts of an estimator, and what its encoders and
imputers learned about each column), `thresholds.py` (where its trees split its inputs),
`fitted_model.py` (computes all of this once per estimator), `side_effects.py` (refuses side effects
while an estimator is called), `code_files.py` (reads the modules that define a model's own
classes).
"""
