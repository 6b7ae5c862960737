"""Everything about the model and its artifact, without HTTP.

Read in this order: `signature.py` (inputs and outputs), `manifest.py` (the content of
manifest.json), `parsing.py` (JSON into dataclasses), `version.py` (what the version of a model
covers), `artifact.py` (the folder: verify and read), `locked.py` (libraries of its own),
`artifact_writer.py` (write it), `remote.py` (download it from S3), `errors.py` (errors that end a
command), `filetypes.py` (recognizes files that are not models), `installation.py` (how this
installation is called, for messages).

Pickles: `unpickling.py` (load or inspect), `pickled_reading.py` (bytes of a pickle), `unpickler.py`
(opcode by opcode), `pickled_tokens.py` (what its stack has in the place of names),
`pickled_names.py`, `pickled_objects.py` and `pickled_calls.py` (checks of names, objects and
calls), `pickled_sizes.py` and `pickled_methods.py` (content that is endless for native code, and
attributes that name methods), `allowlist.py`, `estimator_names.py`, `older_names.py` and
`companions.py` (the allowed names), `xgboost_trees.py` and `ubjson.py` (checks of trees before
native code reads them), `trust.py` (names that the operator adds), `own_code.py` (modules that the
artifact brings), `rebuilding.py`, `random_rebuilding.py`, `pandas_rebuilding.py`,
`distribution_rebuilding.py` and `arrow_rebuilding.py` (objects that calls make).

ONNX: `onnx_check.py` and `onnx_wire.py` (checks of a model file).

Loading: `trial.py` (loads and tries a model under guard) with `audit.py`, `audit_rules.py`,
`audit_imports.py` (refuse side effects), `limits.py`, `child.py` and `stoppable.py` (bound time and
memory).

Predicting: `engines.py` (scikit-learn and ONNX Runtime), `frames.py` (DataFrames), `dates.py`
(dates and times as text), `outputs.py` (probabilities of several outputs), `ranking.py` (the most
probable labels), `predictor.py` (columns to predictions), `golden.py` (compares predictions of
golden rows), `row_independence.py` (tests whether requests may share a call), `number_parsing.py`
(numbers in text), `column_names.py` (names in a header line), `separators.py` (of cells of CSV),
`example.py` (example rows), `known_categories.py` (counts values that the encoders do not know),
`profile.py` (counts values by bins).

Proofs, at packing and by `slipway prove`: `probe_rows.py` (generates rows on which two engines are
likely to differ), `boundary_rows.py` (finds rows beside the boundary between two labels),
`equality.py` (compares two engines), `kernels.py` (the processor, and what computes on it).
"""
