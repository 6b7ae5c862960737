"""What the service knows of HTTP, without a word of scikit-learn.

Read in this order: `predict.py` (the main road), `answers.py` (bodies to answers), `details.py`
(what an answer holds besides predictions, and how large it is), `body.py` (bytes to text),
`parse.py` (text to JSON or CSV), `forms.py` (every form a request may take, to columns),
`buffers.py` (long columns of numbers, straight to arrays), `nameless.py` (rows without names),
`cells.py` (those of CSV, to values), `schema.py` and `columns.py` (columns checked against the
signature), `request_state.py` (what is kept of a request), `forwarded.py` (the client's address
behind proxies), `health.py` (what load balancers ask), `problems.py` (every error), `describe.py`
(what the model is), `openapi.py` (the contract, for clients), made of `shapes.py` (bodies) and
`responses.py` (all else), `page/` (all this for people).
"""
