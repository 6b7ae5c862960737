"""Measures how many requests one worker answers with an artifact: `slipway bench`.

Read in this order: `command.py` (the command), `capacity.py` (the largest rate within a target),
`client.py` (an asynchronous HTTP client), `load.py` (its results), `process.py` (the server
process: its start, its memory, its core). `benchmarks/` and the tests use the client, too.
"""
