"""Fitted estimators: what they are made of, and how they are called.

`introspection.py` finds the parts of an estimator, and what its encoders and imputers learned of
each column; `side_effects.py` calls an estimator so that its code cannot change files or processes.
"""
