"""Who computes when. Nothing here knows HTTP or gunicorn.

Read in this order: `jobs.py` (a prediction that waits in a queue), `admission.py` (when a job is
rejected), `inline_batcher.py` (runs quick predictions on the event loop), `thread_batcher.py` (runs
slow predictions in a thread).
"""
