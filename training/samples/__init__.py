"""Rows that show what an estimator's columns hold, read from a file.

Read in this order: `sample.py` (a sample, and how it is read from CSV), `columnar.py` (from Parquet
and Arrow, which have types), `datetimes.py` (columns of dates and times), `pandas_rows.py` (the
same rows as the user's own code reads them, by pandas).
"""
