"""What the service reports about itself.

Read in this order: `logs.py` (one JSON line per request), `metrics.py` (numbers for Prometheus),
`tally.py` (adds them up between two publications), `traces.py` (OpenTelemetry spans, if
`SERVICE_TRACES` is true).
"""
