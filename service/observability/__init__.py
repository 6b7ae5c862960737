"""What the service reports about itself.

Read in this order: `logs.py` (one JSON line per request), `metrics.py` (numbers for Prometheus),
`traces.py` (OpenTelemetry spans, if `SERVICE_TRACES` is true).
"""
