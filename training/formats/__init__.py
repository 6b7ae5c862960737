"""Reads models from files, archives and folders, compressed or not.

Each becomes one or several pickles (`ModelFile`) of one object each, and the estimators in them are
joined to one. Nothing is executed meanwhile. Read in this order: `model_file.py` (reads the pickles
of a path), `compression.py`, `archive.py` (such as SageMaker's model.tar.gz), `mlflow_model.py`
(MLflow's folder), `skops_model.py` with `skops_program.py` (files of skops), `blocked.py` (what
prevents loading, in one message), `parts.py` (joins the estimators), `loaded.py` (loads a model for
a command).
"""
