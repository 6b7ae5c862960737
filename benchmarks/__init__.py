"""The service and its peers side by side, on one machine in one run: `make bench`.

Read in this order: `__main__.py` (the run), `roster.py` (who takes part), `rows.py` (what each is
sent), `models.py` (what all of them serve), `environments.py` (what each has installed),
`rounds.py` (one peer after the other, round by round), `figures.py` (medians and ratios),
`results.py` (the page), `plot.py` (the picture). `peers/` has each peer's own files. The load comes
from `service.bench`; no other package imports this one.
"""
