"""Compares what the model is asked with what it learned. It keeps counts, and no row.

Read in this order: `windows.py` (sums over the last hour and day, of all workers), `monitor.py`
(counts the values of predictions by bin), `comparison.py` (measures how two distributions differ,
and decides whether a column has drifted), `report.py` (all columns of the model, for people and
for Prometheus).
"""
