"""Fitted estimators: their parts, and calls without side effects.

Read in this order: `introspection.py` (finds the parts of an estimator, and copies it with others),
`learned_columns.py` (what they learned about each input column), `unknown_values.py` (counts the
values that its encoders do not know), `thresholds.py` (the values at which its trees split its
inputs), `fitted_model.py` (an estimator with all of this, computed once), `side_effects.py`
(refuses side effects while an estimator is called), `code_files.py` (reads the modules that define
a model's own classes).
"""
