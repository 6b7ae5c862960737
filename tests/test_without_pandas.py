"""Packing without pandas: arrays of numbers are compared, everything else requires it."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from service.model.predictor import as_column
from service.model.signature import Signature
from training.engine import truth
from training.errors import MissingPackageError, PackError
from training.estimators.fitted_model import FittedModel
from training.samples import pandas_rows, sample
from training.signature.infer import infer_contract

WITHOUT = """
import sys
sys.path = [one for one in sys.path if not one.endswith("site-packages")] + [sys.argv[1]]
import io, json
from contextlib import redirect_stderr, redirect_stdout
from training.__main__ import main
for command in json.load(sys.stdin):
    err = io.StringIO()
    with redirect_stderr(err), redirect_stdout(io.StringIO()):
        code = main(command)
    print(json.dumps([code, err.getvalue()]))
"""
GAPS = pd.DataFrame({"a": [1.5, np.nan, -2.25, 7.0] * 10, "b": [3.0, 4.0, np.nan, 1e3] * 10})
ALONE = GAPS[["a"]]
ANSWER = np.array([True, False, False, True] * 10)
LONG = pd.DataFrame({"id": np.arange(40) + 2**53})
TEXTS = pd.DataFrame({"text": ["red bus", "blue car", "blue bus", "red car"] * 10})


@pytest.fixture
def no_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandas_rows, "find_spec", lambda name: None)


def encoded(rows: Any) -> Any:
    encoder = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(encoder, LogisticRegression()).fit(rows, ANSWER)


def imputed(rows: Any) -> Any:
    return make_pipeline(SimpleImputer(), LogisticRegression()).fit(rows, ANSWER)


def words(rows: Any) -> Any:
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(list(rows.ravel()), ANSWER)


CASES: dict[str, tuple[Any, pd.DataFrame, str]] = {
    "two columns": (imputed(GAPS.to_numpy()), GAPS, ".csv"),
    "one column": (imputed(ALONE.to_numpy()), ALONE, ".csv"),
    "frame": (imputed(GAPS), GAPS, ".csv"),
    "text": (encoded(TEXTS.to_numpy()), TEXTS, ".csv"),
    "exact integers": (encoded(LONG.to_numpy()), LONG, ".csv"),
    "list of texts": (words(TEXTS.to_numpy()), TEXTS, ".csv"),
    "typed sample": (imputed(GAPS.to_numpy()), GAPS, ".parquet"),
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, Path]]:
    """Exit code, stderr and artifact of each case, in a process that has no pandas."""
    folder = tmp_path_factory.mktemp("cases")
    packages = tmp_path_factory.mktemp("packages")
    for path in Path(sysconfig.get_path("platlib")).iterdir():
        if path.name != "pandas":
            (packages / path.name).symlink_to(path)
    commands = []
    for name, (model, rows, suffix) in CASES.items():
        paths = [str(folder / f"{name}{end}") for end in (".joblib", suffix, "")]
        joblib.dump(model, paths[0])
        if suffix == ".csv":
            rows.to_csv(paths[1], index=False)
        else:
            rows.to_parquet(paths[1])
        commands.append(
            ["pack", paths[0], "--sample", paths[1], "--out", paths[2], "--engine", "sklearn"]
        )
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(packages)],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    printed = map(json.loads, ended.stdout.splitlines())
    return {name: (*one, folder / name) for name, one in zip(CASES, printed, strict=True)}


@pytest.mark.parametrize("name", ["two columns", "one column"])
def test_an_array_of_numbers_is_packed(name: str, packed: dict[str, tuple[int, str, Path]]) -> None:
    code, err, artifact = packed[name]
    assert (code, err) == (0, "")
    manifest = json.loads((artifact / "manifest.json").read_text())
    assert manifest["signature"]["container"] == "array"


@pytest.mark.parametrize(
    "name", ["frame", "text", "exact integers", "list of texts", "typed sample"]
)
def test_what_is_not_compared_is_not_packed(
    name: str, packed: dict[str, tuple[int, str, Path]]
) -> None:
    code, err, artifact = packed[name]
    assert code == 69
    assert err.count("\n") == 1
    assert "pandas" in err
    assert "pip install p" in err
    assert not artifact.exists()


def test_numpy_reads_the_numbers_that_pandas_reads(tmp_path: Path, no_pandas: None) -> None:
    signature, read = described(tmp_path)
    np.testing.assert_array_equal(pandas_rows.rows(signature, read), GAPS.to_numpy())


def test_numbers_that_are_read_otherwise_are_refused(tmp_path: Path, no_pandas: None) -> None:
    signature, read = described(tmp_path)
    model = FittedModel(imputed(GAPS.to_numpy()))
    columns = {
        one.name: as_column(read.columns[one.name].values, one.dtype) for one in signature.inputs
    }
    truth.check(model, signature, read, model.engine(signature), columns)
    with pytest.raises(PackError, match="differently from the estimator"):
        truth.check(
            model,
            signature,
            read,
            model.engine(signature),
            {**columns, "b": columns["b"] * 10},
        )


def test_objects_are_not_compared(tmp_path: Path, no_pandas: None) -> None:
    signature, read = described(tmp_path)
    read.columns["a"].kind = "text"
    with pytest.raises(MissingPackageError, match=r"pip install pandas"):
        pandas_rows.rows(signature, read)


def described(folder: Path) -> tuple[Signature, sample.Sample]:
    lines = [",".join("" if cell != cell else str(cell) for cell in row) for row in GAPS.to_numpy()]
    (folder / "rows.csv").write_text("\n".join(["a,b", *lines]) + "\n")
    read = sample.read(folder / "rows.csv", named=True)
    answer = infer_contract(FittedModel(imputed(GAPS.to_numpy())), read, [])
    return answer.signature, answer.sample
