"""What a model comes in: a file, several files, an archive or a folder, compressed or not.

Whatever it is, it becomes pickles (`ModelFile`), each with one object, and the estimators in them
become one. Nothing is executed on the way. Read in this order: `model_file.py` (what a path leads
to), `compression.py`, `archive.py` (such as SageMaker's model.tar.gz), `mlflow_model.py` (MLflow's
folder), `skops_model.py` with `skops_program.py` (files of skops), `blocked.py` (all that stands in
the way of loading, in one message), `parts.py` (the estimators in objects, joined), `loaded.py`
(the one way in for commands).
"""
