#!/bin/sh
# XGBoost 3.2.0 refuses a category that it was not fitted on only if the category comes after all
# known ones. Any other unknown category gets the answer of the known one that comes next.
#
# Fitted on a pandas column of categories, XGBoost keeps their names, and looks those of later frames
# up among them. Seen with xgboost-cpu 3.2.0, pandas 3.1.1:
#
#   known: {'Basel': 0.08, 'Bern': 0.87, 'Chur': 0.08, 'Genf': 0.87, 'Thun': 0.08}
#   Aarau: 0.08 as Basel
#   Davos: 0.87 as Genf
#   Sion: 0.08 as Thun
#   Zug: XGBoostError: Found a category not in the training set
#
# So a typing error gets a confident answer. Slipway lists the known categories in the contract of
# the model and refuses all others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
	xgboost-cpu==3.2.0 pandas==3.1.1 numpy==2.4.6 scikit-learn==1.9.1
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import pandas as pd
import xgboost

known = ["Basel", "Bern", "Chur", "Genf", "Thun"]
towns = np.random.default_rng(0).choice(known, 400)
rows = pd.DataFrame({"town": pd.Categorical(towns, known)})
target = np.isin(towns, ["Bern", "Genf"]).astype(int)
model = xgboost.XGBClassifier(n_estimators=5, enable_categorical=True, n_jobs=1).fit(rows, target)


def predicted(town):
    return model.predict_proba(pd.DataFrame({"town": pd.Categorical([town], [town])}))[0, 1]


answers = {town: predicted(town) for town in known}
print("known:", {town: round(float(answer), 2) for town, answer in answers.items()})
for unknown, successor in (("Aarau", "Basel"), ("Davos", "Genf"), ("Sion", "Thun")):
    found = predicted(unknown)
    print(f"{unknown}: {found:.2f} as {successor}")
    assert found == answers[successor], "an unknown category gets another answer now"
try:
    predicted("Zug")
except xgboost.core.XGBoostError as error:
    assert "Found a category not in the training set" in str(error)
    print("Zug: XGBoostError: Found a category not in the training set")
else:
    raise AssertionError("a category after all known ones is taken now")
PYTHON
