"""The service and its peers side by side, on one machine in one run: `make bench`.

Read in this order: `__main__.py` (the run), `roster.py` (the servers), `rows.py` (request bodies),
`models.py` (the models that all servers serve), `environments.py` (virtual environments),
`rounds.py` (measures one peer after the other, round by round), `figures.py` (medians and ratios),
`results.py` (the page), `plot.py` (the picture). `peers/` has the files of each peer.
`parity/` compares answers with real servers, not speed. The load comes from `service.bench`; no
other package imports this one.
"""
