"""Everything about HTTP requests and responses, without scikit-learn.

Read in this order: `predict.py` (the main route), `prediction_service.py` (bodies to answers),
`details.py` (probabilities, scores and top labels, and the size of an answer), `body.py` (bytes to
text), `parse.py` (text to JSON or CSV), `payloads.py` (each
form of a request to columns) and `extra_columns.py` (those that come back in the answer),
`fast_json.py` (long columns of numbers to arrays), `positional_rows.py` (rows without names),
`csv_values.py` (cells to values), `schema.py` and `fields.py` (check columns against the
signature), `request_state.py` (the state of a request), `forwarded.py` (the client's address behind
proxies), `health.py` (health checks), `problems.py` (errors), `describe.py` (manifest and
contract), `openapi.py` (the contract), with `json_schema.py` (bodies) and `responses.py` (the
rest), `page/` (the HTML pages).
"""
