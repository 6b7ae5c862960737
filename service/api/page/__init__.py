"""`GET /` and `GET /docs`: the model's page and its reference, for people, each in one piece; and
`GET /report`, which was packed with the model.

Read in this order: `send.py` (a page, its policy and its compression), `report.py`, `show.py` (the
routes of the others, the door for those without a key), `facts.py` (what the page tells of a
model), `reference.py` (what the reference tells of the contract, in the `words.py` of its schemas),
`page.html`, `docs.html` and `door.html` (with `page.css`), then the script: `table.js`
(spreadsheets and CSV), `form.js` (fields and their faults), `answer.js`, `copy.js`, `start.js`,
`door.js`.
"""
