"""The report: what people look at before they trust a model, as one HTML page in the artifact.

Read in this order: `write.py` (all of it), `judged.py` (what the model says to rows whose answers
are known), `measures.py` and `drawn_again.py` (numbers with intervals), `matrix.py` (classes,
counted), `figure.py` (matplotlib's SVG, in the page's colours), `curves.py` (ROC, precision and
recall, calibration), `residuals.py` (of regression), `regions.py` (answers everywhere, for two
numbers) with `dots.py` (rows on a grid), `importance.py`, `inputs.py` (their distributions),
`words.py` (other people's text and numbers), `card.py` (what is said), `page.html` and `page.css`.

Only this folder imports matplotlib, and only when a report is made.
"""
