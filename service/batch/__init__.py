"""Scores a file of rows with the code that answers requests: `slipway predict`.

Read in this order: `command.py` (the command), `tables.py` (what readers provide), `file_names.py`
(format and compression by name), `text_file.py` and `compression.py` (a text file in pieces),
`dialect.py` (separators and decimal marks), `csv_table.py` and `csv_rows.py` (CSV),
`parquet_table.py` and `parquet_rows.py` (Parquet), `json_lines.py` (JSON Lines, in and out),
`scoring.py` (rows to predictions or reasons), `output.py` (what is written of a block; CSV),
`spreadsheets.py` (cells that a spreadsheet would run), `parquet_output.py`, `workers.py` (several
processes), `partial_output.py` (the unfinished output, which a later run resumes), `locations.py`
(files on S3, standard input and output).
"""
