"""Example rows: typical, of different answers, no row of the sample; or the ones of --example."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from slipway.command import main
from tests.support.packed import packed_by_command

ROWS = 300


def table() -> tuple[pd.DataFrame, pd.Series]:
    """Sites and ages; the answer follows the age."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"site": random.choice(["Graz", "Oslo"], ROWS), "age": random.normal(50, 20, ROWS)}
    )
    return rows, rows["age"].map(lambda age: "old" if age > 50 else "new")


def forest(rows: pd.DataFrame, target: pd.Series) -> Any:
    columns = make_column_transformer((OneHotEncoder(), ["site"]), remainder="passthrough")
    return make_pipeline(columns, RandomForestClassifier(10, random_state=0)).fit(rows, target)


def test_examples_have_different_answers_and_are_no_rows_of_the_sample(tmp_path: Path) -> None:
    rows, target = table()
    predictor = Predictor.load(packed_by_command(tmp_path, forest(rows, target), rows))
    shown = pd.DataFrame(predictor.manifest.example)
    assert len(shown) == 3
    client = create_app(Settings(), predictor).test_client()
    response = client.post("/predict", json=predictor.manifest.example)
    assert response.json is not None
    assert {*response.json["prediction"][:2]} == {"new", "old"}
    assert shown.merge(rows).empty
    assert set(shown["site"]) <= {"Graz", "Oslo"}


def test_example_texts_are_words_that_many_texts_have(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    topics = {"billing": ["invoice", "refund", "card"], "delivery": ["parcel", "lost", "late"]}
    queues = random.choice([*topics], ROWS)
    texts = [
        " ".join([*random.permutation(topics[queue]), f"person{place}", "Please"])
        for place, queue in enumerate(queues)
    ]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, queues)
    predictor = Predictor.load(packed_by_command(tmp_path, model, pd.DataFrame({"text": texts})))
    shown = predictor.manifest.example["text"]
    assert len(shown) == 3
    assert not {"person"} & {word.rstrip("0123456789") for text in shown for word in text.split()}
    assert {*model.predict(shown[:2])} == {"billing", "delivery"}
    assert not {*shown} & {*texts}


def test_codes_of_an_encoder_are_examples_if_many_rows_have_them(tmp_path: Path) -> None:
    codes = [f"{code:05d}" for code in range(1001, 1061)]
    rows = pd.DataFrame({"code": np.resize(codes, ROWS * 2), "size": np.arange(ROWS * 2.0)})
    rows["own"] = [f"person{place}" for place in range(len(rows))]
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer((encoder, ["code", "own"]), remainder="passthrough")
    model = make_pipeline(columns, LinearRegression()).fit(rows, rows["size"])
    predictor = Predictor.load(packed_by_command(tmp_path, model, rows))
    shown = predictor.manifest.example
    assert {*shown["code"]} <= {*codes}
    assert not {*shown["own"]} & {*rows["own"]}


def test_examples_of_a_regressor_are_low_middle_and_high(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(ROWS, 1))
    model = LinearRegression().fit(values, values[:, 0] * 3)
    predictor = Predictor.load(
        packed_by_command(tmp_path, model, pd.DataFrame({"size": values[:, 0]}))
    )
    low, middle, high = predictor.manifest.example["size"]
    assert low < -0.5 < middle < 0.5 < high
    assert not {low, middle, high} & {*values[:, 0]}


def test_a_few_rows_are_somebody_s_and_no_example(tmp_path: Path) -> None:
    rows, target = table()
    target[:] = "new"
    target[:3] = "old"
    rows.loc[:2, "age"] = [771.25, 772.25, 773.25]
    predictor = Predictor.load(packed_by_command(tmp_path, forest(rows, target), rows))
    assert max(predictor.manifest.example["age"]) < 200


EXAMPLE = "age,site\n33,Oslo\n66.5,Graz\n"


def test_one_s_own_examples_are_shown_everywhere(tmp_path: Path) -> None:
    rows, target = table()
    (tmp_path / "example.csv").write_text(EXAMPLE)
    given = ("--example", tmp_path / "example.csv")
    predictor = Predictor.load(packed_by_command(tmp_path, forest(rows, target), rows, *given))
    expected = {"site": ["Oslo", "Graz"], "age": [33.0, 66.5]}
    assert predictor.manifest.example == expected
    client = create_app(Settings(), predictor).test_client()
    contract: Any = client.get("/openapi.json").json
    content = contract["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert content["application/json"]["examples"]["columns"]["value"] == expected
    assert "Oslo" in client.get("/").text
    golden = predictor.manifest.golden.inputs
    assert [golden[name][:2] for name in expected] == [*expected.values()]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("age\n33\n", "--example has no column site"),
        ("age,site\n33,\n", "site is empty, and the model takes no null there"),
        ("age,site\n33,Rome\n", "site is Rome, which the model does not take"),
        ("age,site\n" + "33,Oslo\n" * 11, "--example has 11 rows: give 1 to 10"),
    ],
)
def test_examples_that_the_service_would_refuse_are_refused(
    tmp_path: Path, text: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, target = table()
    joblib.dump(forest(rows, target), tmp_path / "model.joblib")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "example.csv").write_text(text)
    given = ["--sample", tmp_path / "rows.csv", "--example", tmp_path / "example.csv"]
    out = ["--out", str(tmp_path / "artifact")]
    assert main(["pack", str(tmp_path / "model.joblib"), *map(str, given), *out]) == 65
    assert complaint in capsys.readouterr().err


def test_an_edited_manifest_with_other_examples_is_refused(own_artifact: Path) -> None:
    path = own_artifact / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["example"] == {"sensor_1": [1.0, 2.0, 3.0], "sensor_2": [1.0, -1.0, 0.0]}
    path.write_text(json.dumps({**manifest, "example": {"sensor_1": [1.0]}}))
    assert main(["check", str(own_artifact)]) == 65
