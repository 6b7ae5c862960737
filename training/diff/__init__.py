"""What changes for clients when one artifact takes another's place.

`compare.py` is the command, `contract_changes.py` compares signatures, `prediction_changes.py`
compares predictions.
"""
