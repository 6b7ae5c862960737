"""The training half: turns a fitted estimator into an artifact.

Read in this order: `samples/` (rows to try an estimator on), `estimators/` (the parts of a fitted
estimator), `signature/` (its inputs and outputs), `onnx/` (the parts of an ONNX graph),
`companions/` (models of XGBoost, LightGBM and CatBoost), `conversion/` (converts an estimator to
ONNX), `engine/` (selects the engine, and proves that its predictions are those of the estimator),
`older/` (models that another scikit-learn saved), `formats/` (reads and loads model files),
`sample_metrics.py` and `report/` (a model's performance), `examples.py` (rows that the service
shows), `profile.py` (the distribution of the sample), `pickling.py` (the same bytes in every
process) and `pack.py`, which joins them and writes the artifact. Packing ends by loading the
artifact with `service.model`, the code that will serve it. `diff/` compares two artifacts.
`sensor_example/` trains the model of the example; packing does not need it. The command line:
`__main__.py`, `commands.py`, `summary.py`, `as_json.py` and `errors.py`.
"""
