"""Compares two artifacts: what changes for clients if one replaces the other.

`compare.py` is the command, `contract_changes.py` compares signatures, `prediction_changes.py`
compares predictions.
"""
