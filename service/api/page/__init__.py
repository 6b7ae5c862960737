"""The HTML pages: `GET /` (the model), `GET /docs` (the API reference) and `GET /report`.

Each page is one response without external resources. Read in this order: `html_response.py` (a
page, its Content-Security-Policy and compression), `report.py`, `routes.py` (the other routes, and
the login page for browsers without a key), `model_view.py` (values for the model's page),
`reference.py` (values for the API reference) with `schema_text.py` (JSON Schemas as text),
`page.html`, `docs.html` and `login.html` (with `page.css`), then the script: `table.js`
(spreadsheets and CSV), `form.js` (fields and their errors), `answer.js`, `copy.js`, `start.js`,
`login.js`.
"""
