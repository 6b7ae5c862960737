"""What keeps the service running.

Read in this order: `bridge.py` (from gunicorn's event loop to Flask), `health.py` (what load
balancers ask), `logs.py` (one JSON line per event), `probe.py` (the container's own check).
"""
