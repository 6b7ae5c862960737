"""Decides when predictions run: they are queued, run in batches, or are rejected.

Nothing here uses HTTP, the WSGI app or gunicorn: a job holds a request that only its batcher's
callbacks look into. Read in this order: `jobs.py` (a prediction that waits, with its deadline, and
a batch of them), `admission.py` (the reasons why a job is rejected), `batching.py` (what both
batchers share), `inline_batcher.py` (runs quick predictions on the event loop), `load_shedding.py`
(rejects some of its queued jobs under overload), `thread_batcher.py` (runs slow predictions in a
thread, and rejects those that are queued for too long).
"""
