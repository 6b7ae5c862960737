"""The training half: from readings, or from a fitted estimator, to a packed model.

Read in this order: `prototype.ipynb` (where the sensor model came from), `data.py`, `pipeline.py`,
`evaluate.py` and `fit.py`, which train it; `sample.py` and `typed.py` (rows to try a model on),
`contract.py` with `kinds.py`, `ways.py` and `doubts.py` (of which type each column is),
`inputs.py`, `nulls.py`, `moments.py`, `alike.py`, `outputs.py`, `walk.py` and `probe.py` (the
signature read off an estimator), `own.py` and `truth.py` (is what will be served what the estimator
says?), and `pack.py`, which both share; `pickling.py` (to the same bytes in every process);
`trying.py` (the model's own code has no effects meanwhile); `compile.py` (which engine serves:
convert, prove, time) with `convert.py`, `converters.py`, `shapes.py`, `nodes.py` and `trees.py` (an
estimator as ONNX), `older/` (models that another scikit-learn saved), `companions/` (models of
XGBoost, LightGBM and CatBoost), and `around.py` and `thresholds.py` (the rows of the proof);
`apart.py` (may requests share a call?); `report/` (what people look at before they trust it);
`diff.py`, `differences.py` and `moves.py` (from one artifact to the next); `commands.py`,
`summary.py`, `__main__.py` (the command line) and `errors.py`. Packing ends by loading what it
wrote through `service.model`, the very code that will serve it.
"""
