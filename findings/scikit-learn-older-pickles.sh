#!/bin/sh
# scikit-learn 1.9.1 loads models of 1.3.2 with a warning alone, and some then answer otherwise,
# without an error: an attribute means something else, or an option is ignored.
#
# Seen with scikit-learn 1.3.2 and 1.9.1 on Python 3.11:
#
#   forest: 24 of 569 labels differ, the largest probability is 180
#   AdaBoost: 36 of 569 labels differ, probabilities differ by up to 0.12
#   one model for each class: 0 of 178 labels differ, probabilities differ by up to 0.24
#   TF-IDF: 0 of 200 labels differ, probabilities differ by up to 0.082
#   AdaBoost has algorithm='SAMME.R'
#
# Slipway asks the release that saved a model, migrates the attributes, and compares.
# It needs Python 3.11 or 3.12, for which both releases have wheels.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/old"
python3 -m venv "$folder/new"
quiet="--quiet --disable-pip-version-check"
"$folder/old/bin/pip" install $quiet scikit-learn==1.3.2 numpy==1.26.4 scipy==1.11.4 joblib==1.6.0
"$folder/new/bin/pip" install $quiet scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 joblib==1.6.0
cat >"$folder/save.py" <<'PYTHON'
import sys

import joblib
import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

chance = np.random.RandomState(0)
words = [["pump", "leak", "valve", "oil"], ["engine", "noise", "belt", "oil"]]
kinds = chance.randint(0, 2, 200)
texts = [" ".join(chance.choice(words[one], 5)) for one in kinds]
two, cancer = load_breast_cancer(return_X_y=True)
three, wine = load_wine(return_X_y=True)
models = {
    "forest": (RandomForestClassifier(20, random_state=0), two[:, :8], cancer),
    "AdaBoost": (AdaBoostClassifier(n_estimators=20, random_state=0, algorithm="SAMME.R"),
                 two[:, :8], cancer),
    "one model for each class": (LogisticRegression(multi_class="ovr", max_iter=5000), three, wine),
    "TF-IDF": (make_pipeline(TfidfVectorizer(), LogisticRegression()), texts, kinds),
}
saved = {}
for name, (model, rows, target) in models.items():
    model.fit(rows, target)
    saved[name] = model, rows, model.predict(rows), model.predict_proba(rows)
joblib.dump({name: one[0] for name, one in saved.items()}, sys.argv[1] + "/models")
joblib.dump({name: one[1:] for name, one in saved.items()}, sys.argv[1] + "/answers")
PYTHON
"$folder/old/bin/python" "$folder/save.py" "$folder"
"$folder/new/bin/python" - "$folder" <<'PYTHON'
import sys
import warnings

import joblib
import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    models = joblib.load(sys.argv[1] + "/models")
assert {one.category for one in seen} == {InconsistentVersionWarning}, "there are other warnings now"
for name, (rows, labels, shares) in joblib.load(sys.argv[1] + "/answers").items():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, given = models[name].predict(rows), models[name].predict_proba(rows)
    gone = np.abs(given - shares).max()
    print(f"{name}: {(found != labels).sum()} of {len(rows)} labels differ, the largest",
          f"probability is {given.max():.3g}, probabilities differ by up to {gone:.2g}")
    assert gone > 0.05, f"{name} answers as before now"
print(f"AdaBoost has algorithm={models['AdaBoost'].algorithm!r}")
PYTHON
