"""A fuzzer of the model loader: it runs many pickles through `load` and looks for effects.

Read it in this order. `machine.py` is a symbolic pickle machine; `inventory.py` lists the names
that exist in the installed libraries; `literals.py`, `arrays.py`, `instances.py`, `changes.py` and
`programs.py` write valid programs for the machine. `seeds.py` dumps fitted models, `tokens.py`
splits them into opcodes, `spelling.py` writes these in other ways and `mutation.py` changes them.
`effects.py` is the audit hook that records and blocks every effect, `objects.py` finds live objects
that changed. `loader.py` names the loader under test, `judge.py` runs one program, `predicting.py`
asks what was loaded to predict, `own.py` is what some programs may use as the operator's own,
`counting.py` counts opcodes and lines.
`worker.py` is the child process, `watching.py` looks after it, `campaign.py` starts it again when
it ends, and `report.py` prints what was found. `weak.py` is a loader with no checks at all: the
tests of the fuzzer show that it finds the faults of that one.
"""
