"""What keeps the service running.

Read in this order: `worker.py` (gunicorn's, but it stops soon), `descriptors.py` (how many
connections it may have), `protocol.py` (gunicorn's connection, with deadlines), `connection.py`
(the same, but requests may wait unread), `plain.py` (to read them), `forwarded.py` (the client's
address behind proxies), `target.py` (the address and the host of a request), `bridge.py` (from the
event loop to Flask), `unsent.py` (answers that clients are slow to read), `reading.py` (bodies, in
`patience.py`'s time), `wsgi.py` (what that takes), `envelope.py` (what surrounds every answer),
`straight.py` (the plain prediction, without Flask's dispatch), `access.py` (who may enter),
`admission.py` (who is refused), `line.py` (whose turn it is to predict), `gate.py` (the same for
slow predictions), `waiting.py` (who waits in either, and may share a call), `shed.py` (the answer
to one too many), `drain.py` (going without losing a request), `health.py` (what load balancers
ask), `logs.py` (one JSON line per event), `metrics.py` (numbers for Prometheus), `traces.py`
(OpenTelemetry spans, if wanted), `probe.py` (the container's own check).
"""
