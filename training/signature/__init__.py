"""The signature of a fitted estimator: names, types and ranges of its inputs and outputs.

Read in this order: `infer.py` (joins the others), `kinds.py` (the kind of each column), `probe.py`
(predicts changed rows, to learn what the estimator takes), `input_format.py` (the container and the
dtypes), `nulls.py` (columns that take null), `ambiguous_columns.py` (columns whose type the sample
leaves open) with `other_types.py` (the types that they may have had), `inputs.py` (kinds,
categories and ranges) with `similar_texts.py` (texts of the same form as those of the sample),
`outputs.py` (predictions, labels, probabilities).
"""
