"""The training half: from a fitted estimator, or from sensor readings, to an artifact.

Read in this order: `samples/` (rows to try an estimator on), `estimators/` (what a fitted estimator
is made of), `signature/` (what it takes and returns), `onnx/` (the parts of an ONNX graph),
`companions/` (models of XGBoost, LightGBM and CatBoost), `conversion/` (an estimator as an ONNX
model), `engine/` (which engine serves a model, and the proof that its predictions are those of the
estimator), `older/` (models that another scikit-learn saved), `sample_metrics.py` and `report/` (a
model's performance), `pickling.py` (to the same bytes in every process) and `pack.py`, which joins
them and writes the artifact. `diff/` compares two artifacts.
`sensor_example/` trains the model of the example, and packing does not need it. `__main__.py`,
`commands.py`, `summary.py` (the command line) and `errors.py`. Packing ends by loading the artifact
with `service.model`, the code that will serve it.
"""
