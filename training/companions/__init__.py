"""Reads models of XGBoost, LightGBM and CatBoost as tree ensembles, for conversion to ONNX.

Read in this order: `ensemble.py` (a tree ensemble), `xgboost_model.py`, `lightgbm_model.py` and
`catboost_model.py` (read one from the library's own export, with its rules for missing values,
comparisons and rounding), `readers.py` (finds the module for an estimator), `encoders.py` (reads
the categories that encoders of category_encoders and feature-engine learned). A model that a module
cannot read is a NotImplementedError; the library itself then serves it.
`training/conversion/companion_converters.py` writes the ONNX model.
"""
