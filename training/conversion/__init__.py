"""A fitted estimator as an ONNX model, by skl2onnx and by converters of this package.

Read in this order: `convert.py` (the whole model), `encoder_tables.py` (encoders of categories as
tables), `converters.py` (single scikit-learn estimators), `companion_converters.py` (models of
XGBoost, LightGBM and CatBoost), `shapes.py` (the shapes of what both return).
"""
