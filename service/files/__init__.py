"""A file of rows, scored by the code that answers requests: `slipway predict`.

Read in this order: `command.py` (what it does and tells), `names.py` (what a file's name says),
`tables.py` (what is read and how it is refused), `lines.py` and `compression.py` (a text file in
pieces), `dialect.py` (separators and decimals), `text.py` (a CSV file in blocks), `rows.py` (a
block's rows), `parquet.py` and `records.py` (the same for Parquet), `objects.py` (JSON Lines, in
and out), `scoring.py` (rows to predictions, bad ones with their reason), `results.py` (a block to
what is written of it: CSV), `spreadsheets.py` (cells that a spreadsheet would run), `columns.py`
(Parquet), `crew.py` (several processes, each a block at a time), `parts.py` (the unfinished output,
which a later run goes on with), `places.py` (files on S3, standard input and output),
`progress.py` (how far it is).
"""
