"""Clients of other protocols, unmodified, against the service as gunicorn runs it."""
