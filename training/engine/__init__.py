"""Which engine serves a model, and the proof that its predictions are those of the estimator.

Read in this order: `selection.py` (converts, compares and measures), `probe_rows.py` and
`thresholds.py` (rows on which two engines are likeliest to differ), `truth.py` (compares with what
the estimator predicts for the user's own rows), `row_independence.py` (may several requests share
one call of the model?).
"""
