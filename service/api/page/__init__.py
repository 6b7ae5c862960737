"""`GET /`: the model's page for people, in one piece.

Read in this order: `show.py` (the route, the policy, the door for those without a key), `facts.py`
(what the page tells of a model), `page.html` and `door.html` (with `page.css`), then the script:
`table.js` (spreadsheets and CSV), `form.js` (fields and their faults), `answer.js`, `copy.js`,
`start.js`.
"""
