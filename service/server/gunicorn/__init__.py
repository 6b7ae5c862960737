"""gunicorn's worker, protocol and logger, changed; all use of gunicorn's private names is here.

Read in this order: `worker.py` (accepts connections and stops promptly), `protocol.py` (limits the
time of a request head, and closes connections as HTTP asks for), `deferring_protocol.py` (under
load, queues prediction requests as raw bytes), `logger.py` (writes gunicorn's log lines as JSON).
"""
