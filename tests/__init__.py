"""The tests: one file per module, named for it, and a few that cross the rooms.

`conftest.py` has the fixtures that all share; `support/` has the modules without tests.
"""
