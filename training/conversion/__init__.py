"""Converts a fitted estimator to ONNX, with skl2onnx and with converters of this package.

Read in this order: `convert.py` (the whole model), `encoder_tables.py` (encoders of categories as
tables), `graphs/` (estimators of scikit-learn: begin here to support another one), `converters.py`
(all converters together), `companion_converters.py` (models of XGBoost, LightGBM and CatBoost),
`shapes.py` (the shapes of their results).
"""
