"""How bytes become a call of the Flask app: what runs between the socket and WSGI.

Read in this order: `asgi_app.py` (the ASGI app around Flask; each request passes through it),
`request_target.py` (checks the path and the host of a request), `request_body.py` (reads the body,
with a limit and a deadline), `wsgi.py` (builds a WSGI environ and runs the app), `unsent.py` (long
responses that clients are slow to read), `prediction.py` (answers predictions on the fast path
without WSGI), `rejection.py` (answers rejected predictions without Flask), `drain.py` (continues to
serve for a while after SIGTERM), `descriptors.py` (keeps connections within the limit of open
files), `fast_parser.py` (parses simple prediction requests by llhttp) and `gunicorn/` (gunicorn's
worker and protocol, changed; the only package that uses gunicorn's private names).
"""
