"""WSGI middleware around the Flask app, and a hook that runs before each request.

Read in this order: `response.py` (adds an id, headers, a log line and metrics to each response),
`auth.py` (checks the API key and the host), `fast_path.py` (answers most predictions without
Flask's dispatch).
"""
