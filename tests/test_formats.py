"""Models that come in several parts, compressed or in folders are packed as what they are."""

import io
import pickle
import sys
import tarfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import yaml
import zstandard
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import LabelEncoder, StandardScaler

from service.model.installation import program
from service.model.pickled_names import Inspection
from service.model.predictor import Predictor, as_column
from service.model.trust import UntrustedError
from training.__main__ import main
from training.errors import PackError
from training.formats import blocked

Printed = pytest.CaptureFixture[str]
TEXTS = ["oil leaks", "belt squeaks", "oil and noise", "pump leaks oil", "belt noise", "no oil"]
KINDS = np.array(["wet", "dry", "dry", "wet", "dry", "wet"])
NUMBERS = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 10.0, 100.0]
CLASSES = (NUMBERS[:, 0] > 0).astype(int)


def texts() -> tuple[Any, Any, Any]:
    """A vectorizer, a model on its matrix, and rows."""
    vectorizer = TfidfVectorizer().fit(TEXTS)
    model = LogisticRegression(C=100.0).fit(vectorizer.transform(TEXTS), KINDS)
    return vectorizer, model, pd.DataFrame({"note": TEXTS})


def numbers() -> tuple[Any, Any, Any]:
    """A scaler, a model on its matrix, and rows."""
    scaler = StandardScaler().fit(NUMBERS)
    model = LogisticRegression().fit(scaler.transform(NUMBERS), CLASSES)
    return scaler, model, pd.DataFrame(NUMBERS).add_prefix("x")


def pack(folder: Path, rows: pd.DataFrame, *models: Path, more: tuple[str, ...] = ()) -> int:
    """Pack; the exit code."""
    rows.to_csv(folder / "rows.csv", index=False)
    return main(
        [
            *("pack", *map(str, models), "--sample", str(folder / "rows.csv")),
            *("--out", str(folder / "artifact"), "--no-report", *more),
        ]
    )


def served(folder: Path, rows: pd.DataFrame) -> Any:
    """The probabilities that the packed model gives."""
    predictor = Predictor.load(folder / "artifact")
    columns = {
        one.name: as_column(rows[one.name].tolist(), one.dtype)
        for one in predictor.signature.inputs
    }
    return np.array(predictor.predict(columns, True)["probabilities"])


@pytest.mark.parametrize("make", [texts, numbers])
def test_two_files_answer_as_the_two_applied_by_hand(tmp_path: Path, make: Any) -> None:
    before, model, rows = make()
    joblib.dump(before, tmp_path / "before.joblib")
    joblib.dump(model, tmp_path / "model.joblib")
    assert pack(tmp_path, rows, tmp_path / "before.joblib", tmp_path / "model.joblib") == 0
    given = TEXTS if make is texts else NUMBERS
    right = model.predict_proba(before.transform(given))
    assert served(tmp_path, rows) == pytest.approx(right, abs=1e-9)


def test_three_files_are_applied_in_their_order(tmp_path: Path) -> None:
    scaler, _, rows = numbers()
    scaled = scaler.transform(NUMBERS)
    axes = PCA(2).fit(scaled)
    model = LogisticRegression().fit(axes.transform(scaled), CLASSES)
    paths = [tmp_path / f"{name}.joblib" for name in ("a", "b", "c")]
    for path, one in zip(paths, (scaler, axes, model), strict=True):
        joblib.dump(one, path)
    assert pack(tmp_path, rows, *paths) == 0
    right = model.predict_proba(axes.transform(scaler.transform(NUMBERS)))
    assert served(tmp_path, rows) == pytest.approx(right, abs=1e-9)


def test_files_in_another_order_are_refused_with_the_right_one(
    tmp_path: Path, capsys: Printed
) -> None:
    before, model, rows = texts()
    joblib.dump(before, tmp_path / "before.joblib")
    joblib.dump(model, tmp_path / "model.joblib")
    assert pack(tmp_path, rows, tmp_path / "model.joblib", tmp_path / "before.joblib") == 65
    assert "the model last" in capsys.readouterr().err
    assert not (tmp_path / "artifact").exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_pickles_in_a_row_are_all_read(tmp_path: Path, order: tuple[int, int]) -> None:
    parts = numbers()
    with (tmp_path / "both.pkl").open("wb") as file:
        for place in order:
            pickle.dump(parts[place], file)
    assert pack(tmp_path, parts[2], tmp_path / "both.pkl") == 0
    right = parts[1].predict_proba(parts[0].transform(NUMBERS))
    assert served(tmp_path, parts[2]) == pytest.approx(right, abs=1e-9)


def test_a_dictionary_of_a_scaler_and_a_model_is_taken_as_both(
    tmp_path: Path, capsys: Printed
) -> None:
    scaler, model, rows = numbers()
    labels = LabelEncoder().fit(["no", "yes"])
    held = {"model": model, "labels": labels, "scaler": scaler, "columns": ["a", "b", "c"]}
    joblib.dump(held, tmp_path / "held.joblib")
    assert pack(tmp_path, rows, tmp_path / "held.joblib") == 0
    assert "the model is 'scaler' and then 'model'" in capsys.readouterr().out
    right = model.predict_proba(scaler.transform(NUMBERS))
    assert served(tmp_path, rows) == pytest.approx(right, abs=1e-9)


def test_a_dictionary_with_a_scaler_of_the_target_is_not_guessed(
    tmp_path: Path, capsys: Printed
) -> None:
    one = NUMBERS[:, :1]
    held = {
        "scaler": StandardScaler().fit(one * 7.0),
        "model": LinearRegression().fit(one, one.ravel()),
    }
    joblib.dump(held, tmp_path / "held.joblib")
    assert pack(tmp_path, pd.DataFrame({"x": one.ravel()}), tmp_path / "held.joblib") == 65
    assert "its key 'model' is a LinearRegression; dump that alone" in capsys.readouterr().err


def tarred(*names: str) -> bytes:
    """A compressed archive in which each file has the same model."""
    file, held = io.BytesIO(), io.BytesIO()
    joblib.dump(numbers()[1], held)
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(held.getvalue())
            archive.addfile(entry, io.BytesIO(held.getvalue()))
    return file.getvalue()


def compressed(how: str) -> bytes:
    """A model in a compressed file."""
    if how == "zstd":
        return zstandard.ZstdCompressor().compress(pickle.dumps(numbers()[1]))
    if how == "tar.gz":
        return tarred("model.joblib", "code/inference.py", "._model.joblib")
    file = io.BytesIO()
    joblib.dump(numbers()[1], file, compress=(how, 3))
    return file.getvalue()


@pytest.mark.parametrize("how", ["lz4", "gzip", "bz2", "xz", "lzma", "zlib", "zstd", "tar.gz"])
def test_a_compressed_model_answers_as_the_model(tmp_path: Path, how: str) -> None:
    _, model, rows = numbers()
    path = tmp_path / "model"
    path.write_bytes(compressed(how))
    assert pack(tmp_path, rows, path) == 0
    assert served(tmp_path, rows) == pytest.approx(model.predict_proba(NUMBERS), abs=1e-9)


def test_an_archive_with_several_models_is_refused_with_their_names(
    tmp_path: Path, capsys: Printed
) -> None:
    (tmp_path / "model.tar.gz").write_bytes(tarred("a/scaler.joblib", "b/model.pkl"))
    assert pack(tmp_path, numbers()[2], tmp_path / "model.tar.gz") == 65
    said = capsys.readouterr().err
    assert "with several models (a/scaler.joblib, b/model.pkl): unpack it" in said


def folder_of(path: Path, **about: Any) -> Path:
    """A folder as MLflow writes one, with this description of the model."""
    path.mkdir()
    (path / "MLmodel").write_text(yaml.safe_dump({"flavors": about}))
    joblib.dump(numbers()[1], path / "model.pkl")
    return path


def test_a_folder_of_mlflow_answers_as_its_model(tmp_path: Path) -> None:
    _, model, rows = numbers()
    about = {"pickled_model": "model.pkl", "sklearn_version": sklearn.__version__}
    assert pack(tmp_path, rows, folder_of(tmp_path / "m", sklearn=about)) == 0
    assert served(tmp_path, rows) == pytest.approx(model.predict_proba(NUMBERS), abs=1e-9)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"pytorch": {"model_data": "data"}}, "(pytorch) without a pickled estimator"),
        ({"sklearn": {"pickled_model": "../m.pkl"}}, "whose file is elsewhere (../m.pkl)"),
        ({}, "(no flavor) without a pickled estimator"),
    ],
)
def test_another_folder_of_mlflow_is_refused_with_the_reason(
    tmp_path: Path, capsys: Printed, about: dict[str, Any], said: str
) -> None:
    assert pack(tmp_path, numbers()[2], folder_of(tmp_path / "m", **about)) == 65
    assert said in capsys.readouterr().err


def test_a_folder_without_a_model_is_refused(tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / "m").mkdir()
    assert pack(tmp_path, numbers()[2], tmp_path / "m") == 65
    assert "is a folder without MLmodel" in capsys.readouterr().err


def test_parts_of_several_releases_are_refused_with_all_of_them(
    tmp_path: Path, capsys: Printed
) -> None:
    scaler, _, rows = numbers()
    joblib.dump(scaler, tmp_path / "scaler.joblib")
    content = pickle.dumps(numbers()[1]).replace(
        sklearn.__version__.encode(), b"0" * len(sklearn.__version__)
    )
    (tmp_path / "model.pkl").write_bytes(content)
    assert pack(tmp_path, rows, tmp_path / "scaler.joblib", tmp_path / "model.pkl") == 65
    said = capsys.readouterr().err
    assert f"scaler.joblib by scikit-learn {sklearn.__version__}" in said
    assert "parts were saved by several releases" in said


class Mine:
    """Something that the user wrote."""


class Yours:
    """Something else."""


def test_all_that_stands_in_the_way_is_one_message_with_the_command(
    tmp_path: Path, capsys: Printed
) -> None:
    content = pickle.dumps([Mine(), Yours(), numbers()[1]])
    (tmp_path / "model.pkl").write_bytes(
        content.replace(b"tests.test_formats", b"absent.test_format")
    )
    assert pack(tmp_path, numbers()[2], tmp_path / "model.pkl", more=("--name", "a b")) == 65
    said = capsys.readouterr().err
    names = "absent.test_format.Mine and absent.test_format.Yours"
    assert f"needs {names}, which are not trusted" in said
    assert "and absent, which is not installed here" in said
    assert said.strip().endswith(
        "--no-report --name 'a b' --trust absent.test_format.Mine --trust absent.test_format.Yours"
        "; or put its code into the artifact: --code PATH/absent"
    )
    assert f"{program()} pack {tmp_path}/model.pkl --sample" in said
    assert said.count("\n") == 1


def test_a_library_for_the_release_that_saved_the_model_is_one_option(
    tmp_path: Path, capsys: Printed
) -> None:
    content = pickle.dumps([Mine(), numbers()[1]])
    for old, new in (("tests.test_formats", "absent.test_format"), (sklearn.__version__, "1.2.2")):
        content = content.replace(old.encode(), new.encode())
    (tmp_path / "model.pkl").write_bytes(content)
    assert pack(tmp_path, numbers()[2], tmp_path / "model.pkl") == 65
    said = capsys.readouterr().err
    assert "needs absent.test_format.Mine, which is not trusted" in said
    assert "and absent, which is not installed here" in said
    assert "--trust absent.test_format.Mine --with absent==VERSION" in said
    assert said.count("\n") == 1


def test_a_missing_library_has_the_command_for_this_python() -> None:
    found = Inspection({"xgboost.sklearn.XGBClassifier"}, [], set())
    with pytest.raises(PackError) as caught:
        blocked.check("m.pkl", found, [], ["serve", "m.pkl", "--sample", "my rows.csv"])
    assert str(caught.value) == (
        "m.pkl: needs xgboost, which is not installed here; install it, in the version that fitted "
        f"the model: {sys.executable} -m pip install xgboost && {program()} serve m.pkl --sample "
        "'my rows.csv'"
    )


def test_a_library_that_stands_in_the_way_has_the_version_that_stands_beside_the_model() -> None:
    found = Inspection({"absent.A"}, [], set())
    beside = blocked.Beside([], {"absent": "3.1"})
    with pytest.raises(PackError, match=r"the model: \S+.* pack m\.pkl --with absent==3\.1$"):
        blocked.check("m.pkl", found, ["absent"], ["pack", "m.pkl"], beside)
    blocked.check("m.pkl", found, ["absent"], [], blocked.Beside(["absent==3.1"], {}))
    blocked.check("m.pkl", found, ["absent"], [], blocked.Beside([], {}, is_made=True))


def test_several_names_of_one_package_are_trusted_by_the_package() -> None:
    names = {"absent.a.A", "absent.b.B", "absent.c.C", "mine.A"}
    found = Inspection(names, [UntrustedError(one, one) for one in names], set())
    with pytest.raises(PackError, match=r"and 1 more, which .*--trust absent --trust mine\.A;"):
        blocked.check("m.pkl", found, [], ["pack", "m.pkl"])


def test_known_libraries_are_installed_by_their_name_and_no_others() -> None:
    names = ["imblearn.pipeline.Pipeline", "lightgbm.basic.Booster", "mine.A", "xgboost.core.B"]
    found = blocked.packages(names, {"lightgbm": "3.3.5", "mine": "1.0"}, ["xgboost<2"])
    assert found == ["imbalanced-learn", "lightgbm==3.3.5", "xgboost<2"]
