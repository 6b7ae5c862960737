"""Decides when predictions run: they are queued, run in batches, or are rejected.

Nothing here knows HTTP, the WSGI app or gunicorn: a job holds a request that only its batcher's
callbacks look into. Read in this order: `jobs.py` (a prediction that waits, and a batch of them),
`admission.py` (why a job is rejected), `batching.py` (what both batchers share),
`inline_batcher.py` (runs quick predictions on the event loop), `load_shedding.py` (how many queued
jobs are rejected, and when), `thread_batcher.py` (runs slow predictions in a thread).
"""
