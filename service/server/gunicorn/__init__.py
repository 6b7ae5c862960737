"""Subclasses of gunicorn's worker, protocol and logger. Only these use gunicorn's private names.

Read in this order: `compat.py` (lists those names, and checks at the start that they exist),
`worker.py` (accepts connections in small batches, and stops promptly), `protocol.py` (limits the
time of a request head, and closes connections as HTTP requires), `deferring_protocol.py` (queues
simple prediction requests as raw bytes), `logger.py` (writes gunicorn's log lines as JSON).
"""
