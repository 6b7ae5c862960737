"""Models with code of other libraries are packed after one refusal that names all of it."""

import json
from pathlib import Path

from tests.support.pythons import run_module


def test_one_refusal_names_all_that_has_to_be_trusted(python: Path, tmp_path: Path) -> None:
    printed = run_module(python, "tests.companions.trusting", tmp_path)
    found = json.loads(printed.splitlines()[-1])
    unlike = ("ce hashes", "fe similarity")  # which distinguish unknown categories
    assert {name: one[:2] for name, one in found.items()} == {
        **{name: [2, "scikit-learn" if name in unlike else "onnx"] for name in found},
        "cat_features": [1, "scikit-learn"],
    }, found
    assert len(found) == 19
    assert all(one[2] <= 1e-9 for one in found.values()), found
    # The service never sees what is converted.
    assert "SERVICE_TRUSTED_MODULES" not in found["sampler"][3] + found["fe one-hot"][3]
    assert "SERVICE_TRUSTED_MODULES" in found["fe similarity"][3]
