"""`GET /`: the model's page for people, in one piece; and `GET /report`, which was packed with it.

Read in this order: `send.py` (a page, its policy and its compression), `report.py`, `show.py` (the
route of the model's page, the door for those without a key), `facts.py`
(what the page tells of a model), `page.html` and `door.html` (with `page.css`), then the script:
`table.js` (spreadsheets and CSV), `form.js` (fields and their faults), `answer.js`, `copy.js`,
`start.js`.
"""
