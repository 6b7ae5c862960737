"""The tests: one file per module, named for it, and a few that cross the rooms.

`conftest.py` has what all share; `serving.py` runs the real gunicorn.
"""
