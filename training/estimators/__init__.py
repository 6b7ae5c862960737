"""Fitted estimators: what they are made of, and how they are called.

Read in this order: `introspection.py` (finds the parts of an estimator, and what its encoders and
imputers learned of each column), `code_files.py` (reads the modules that define a model's own
classes), `thresholds.py` (where its trees split its inputs),
`fitted_model.py` (keeps all of this, each computed once), `side_effects.py` (calls an estimator so
that its code cannot change files or processes).
"""
