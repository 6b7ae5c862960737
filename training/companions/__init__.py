"""Models of XGBoost, LightGBM and CatBoost, read into tree ensembles that ONNX Runtime computes.

`ensemble.py` says what is read; `xgboost_model.py`, `lightgbm_model.py` and `catboost_model.py`
read it from a fitted model by the library's own export, each with that library's rules for missing
values, comparisons and rounding; `readers.py` finds the module for an estimator. What a reader does
not know is a NotImplementedError, and the library itself serves the model. `encoders.py` reads what
encoders of category_encoders and feature-engine know.
`training/conversion/companion_converters.py` writes the ONNX model.
"""
