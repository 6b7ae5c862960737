"""The report on a model's performance: one HTML page in the artifact.

Read in this order: `write.py` (renders the page), `evaluation.py` (predictions for rows with known
true values), `metrics.py` and `bootstrap.py` (metrics with confidence intervals),
`confusion_matrix.py`, `plots.py` (matplotlib's SVG in the page's colours), `curves.py` (ROC,
precision and recall, calibration), `residuals.py`, `decision_regions.py` with `density_scatter.py`
(rows as dots on a grid), `importance.py` (permutation importance), `distributions.py` (of the
inputs), `formatting.py` (text and numbers), `card.py` (the sections of the page), `page.html` and
`page.css`.

Only this folder imports matplotlib, and only when a report is made.
"""
