"""What a model comes in: one file or several, with one object each or more.

Whatever it is, it becomes pickles (`ModelFile`), each with one object, and the estimators in them
become one. Read in this order: `model_file.py` (what a path leads to), `blocked.py` (all that
stands in the way of loading, in one message), `parts.py` (the estimators in objects, joined),
`loaded.py` (the one way in for commands).
"""
