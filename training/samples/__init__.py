"""Reads sample rows of an estimator from a file.

Read in this order: `sample.py` (a sample, read from CSV), `columnar.py` (read from Parquet and
Arrow, which have types), `other_formats.py` (how to convert others), `datetimes.py` (columns of
dates and times), `pandas_rows.py` (the same rows as the user's own code reads them, by pandas),
`origin.py` (the file and commit that they are from).
"""
