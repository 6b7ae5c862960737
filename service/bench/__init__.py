"""How much one worker does with an artifact: `slipway bench`.

Read in this order: `command.py` (what it tells), `capacity.py` (the largest rate within a target),
`client.py` (the connections that ask), `load.py` (what came of it), `process.py` (the server that
is asked: its start, its memory, its core). `benchmarks/` and the tests use the client, too.
"""
