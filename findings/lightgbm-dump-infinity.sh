#!/bin/sh
# LightGBM 4.7.0's dump_model writes an infinite threshold as 1e300, its model text as inf.
#
# Where missing values go one way and all numbers the other, LightGBM splits at infinity. Who reads
# the JSON sends a number greater than 1e300 where only a missing value belongs; the model itself,
# also after it was saved and loaded, does not. Seen with lightgbm 4.7.0:
#
#   threshold in the JSON: 1e+300
#   threshold in the text: inf
#   the model for 1e301: 1.0, the JSON read by hand: 0.0
#
# Slipway reads 1e300 as infinity.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
	lightgbm==4.7.0 numpy==2.4.6 scikit-learn==1.9.1
"$folder/venv/bin/python" - <<'PYTHON'
import re

import lightgbm
import numpy as np

values = np.random.default_rng(0).normal(size=400)
values[::2] = np.nan
target = np.where(np.isnan(values), 0.0, 1.0)
model = lightgbm.LGBMRegressor(
    n_estimators=1, learning_rate=1.0, num_leaves=2, boost_from_average=False, reg_lambda=0.0,
    min_child_weight=0.0, n_jobs=1, verbose=-1,
).fit(values[:, None], target)
root = model.booster_.dump_model()["tree_info"][0]["tree_structure"]
text = re.search(r"^threshold=(\S+)$", model.booster_.model_to_string(), re.M)[1]
print("threshold in the JSON:", root["threshold"])
print("threshold in the text:", text)
assert (root["threshold"], text) == (1e300, "inf"), "both say the same now"
side = "left_child" if 1e301 <= root["threshold"] else "right_child"
by_hand, answer = root[side]["leaf_value"], model.predict([[1e301]])[0]
print(f"the model for 1e301: {answer:.1f}, the JSON read by hand: {by_hand:.1f}")
assert round(answer, 6) == 1.0 and round(by_hand, 6) == 0.0
PYTHON
