"""Names with blanks around them, and an input that is called as the list of rows is."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from sklearn.linear_model import LinearRegression

from service.__main__ import main as service
from service.app import create_app
from service.model.column_names import matched, tidy
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.problems import assert_problem
from training.__main__ import main as training

ALL = ("lambda", "oip", "sagemaker", "mlflow")


class Packed(NamedTuple):
    """A model, rows that it takes, and the service that it was packed for."""

    model: LinearRegression
    rows: pd.DataFrame
    folder: Path
    client: FlaskClient

    def truth(self) -> list[float]:
        """The estimator's predictions for the rows."""
        predicted: list[float] = self.model.predict(self.rows).tolist()
        return predicted

    def post(self, body: str, kind: str, path: str = "/predict") -> Any:
        """The answer to a body."""
        return self.client.post(path, data=body, content_type=kind)


def table(rows: pd.DataFrame, *header: str) -> str:
    """Rows as CSV, under another header."""
    return ",".join(header or rows.columns) + "\n" + rows.to_csv(index=False, header=False)


def fitted(*names: str) -> tuple[LinearRegression, pd.DataFrame]:
    """A model of these columns, and rows."""
    rows = pd.DataFrame(
        np.random.default_rng(0).normal(size=(30, len(names))).round(3), columns=list(names)
    )
    return LinearRegression().fit(rows, rows @ np.arange(1, len(names) + 1)), rows


def pack(folder: Path, *names: str, header: tuple[str, ...] = ()) -> Packed:
    """Pack such a model by the command, with a sample that has this header."""
    model, rows = fitted(*names)
    joblib.dump(model, folder / "model.joblib")
    (folder / "rows.csv").write_text(table(rows, *header))
    given = [folder / "model.joblib", "--sample", folder / "rows.csv", "--out", folder / "packed"]
    assert training(["pack", *map(str, given)]) == 0
    predictor = Predictor.load(folder / "packed")
    assert predictor.signature.names == names
    app = create_app(Settings(protocols=ALL), predictor)
    return Packed(model, rows.head(3), folder / "packed", app.test_client())


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return pack(tmp_path_factory.mktemp("aged"), " Age", "b\t", "c")


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return pack(tmp_path_factory.mktemp("instances"), "instances", "b")


@pytest.mark.parametrize(
    ("given", "known", "meant"),
    [
        ([" Age"], [" Age"], [" Age"]),
        (["Age "], ["Age"], ["Age"]),
        (["Age"], [" Age"], [" Age"]),
        ([" Age ", "b"], ["b", "Age\t"], ["Age\t", "b"]),
        ([" Age", "Age"], [" Age", "Age"], [" Age", "Age"]),
        (["Age ", "Age"], [" Age", "Age"], [" Age", "Age"]),
        (["Age  "], [" Age", "Age"], ["Age  "]),
        ([" Age", "Age"], ["Age"], [" Age", "Age"]),
        ([" Age", "Age "], ["Age"], ["Age", "Age"]),
        ([" other "], ["Age"], [" other "]),
    ],
)
def test_a_name_is_meant_as_it_is_or_but_for_blanks_where_that_is_clear(
    given: list[str], known: list[str], meant: list[str]
) -> None:
    assert matched(given, known) == meant


def test_blanks_go_unless_two_names_would_be_the_same() -> None:
    assert tidy([" a", "b ", "c"]) == ["a", "b", "c"]
    assert tidy([" a", "a", "b "]) == [" a", "a", "b"]


@pytest.mark.parametrize("header", [(" Age", "b\t", "c"), ("Age", "b", " c"), ("Age ", " b ", "c")])
def test_a_table_may_lack_the_blanks_of_the_model_or_have_others(
    aged: Packed, header: tuple[str, ...]
) -> None:
    text = table(aged.rows, *header)
    answer = aged.post(text, "text/csv")
    assert answer.status_code == 200, answer.json
    assert answer.json["prediction"] == pytest.approx(aged.truth())
    answer = aged.post(text, "text/csv", "/invocations")
    assert answer.json == {"predictions": pytest.approx(aged.truth())}


def test_json_has_the_names_of_the_model(aged: Packed) -> None:
    columns = json.dumps(aged.rows.to_dict(orient="list"))
    assert aged.post(columns, "application/json").json["prediction"] == pytest.approx(aged.truth())
    rows = json.dumps({"instances": aged.rows.to_dict(orient="records")})
    assert aged.post(rows, "application/json").json["prediction"] == pytest.approx(aged.truth())
    assert aged.client.get("/openapi.json").status_code == 200
    answer = aged.post(columns.replace('" Age"', '"Age"'), "application/json")
    problem = assert_problem(422, answer.content_type, answer.data)
    assert {"pointer": "/Age", "detail": "is no input; did you mean  Age?"} in problem["errors"]


@pytest.mark.parametrize("header", [(" Age", "b\t", "c"), ("Age", "b", " c")])
def test_so_may_a_file_that_is_scored(
    aged: Packed, tmp_path: Path, header: tuple[str, ...]
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(table(aged.rows, *header))
    assert service(["predict", str(aged.folder), str(source), str(output)]) == 0
    assert pd.read_csv(output)["prediction"].tolist() == pytest.approx(aged.truth())


def test_other_columns_of_a_file_keep_their_names(aged: Packed, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(table(aged.rows.assign(note="x"), "Age", "b", "c", " note"))
    assert service(["predict", str(aged.folder), str(source), str(output)]) == 0
    assert output.read_text().splitlines()[0] == " Age,b\t,c, note,prediction"


def test_a_column_that_may_be_meant_twice_is_refused(aged: Packed, tmp_path: Path) -> None:
    text = table(aged.rows.assign(more=1), "Age", "b", "c", "Age ")
    problem = assert_problem(422, "application/problem+json", aged.post(text, "text/csv").data)
    assert problem["errors"] == [
        {"pointer": "/ Age", "detail": "occurs more than once in the header"}
    ]
    source = tmp_path / "in.csv"
    source.write_text(text)
    assert service(["predict", str(aged.folder), str(source), str(tmp_path / "out.csv")]) == 65


def test_the_sample_may_lack_them_too(tmp_path: Path) -> None:
    pack(tmp_path, " Age", "b\t", "c", header=("Age", "b", " c"))


def test_names_that_differ_by_blanks_alone_are_two(tmp_path: Path) -> None:
    both = pack(tmp_path, " Age", "Age")
    answer = both.post(table(both.rows), "text/csv")
    assert answer.json["prediction"] == pytest.approx(both.truth())
    answer = both.post(table(both.rows[["Age", " Age"]], "Age", "  Age"), "text/csv")
    assert answer.json["prediction"] == pytest.approx(both.truth())


@pytest.mark.parametrize("target", ["y", " y", "y "])
def test_the_target_is_found_as_well(tmp_path: Path, target: str) -> None:
    model, rows = fitted("a", "b")
    joblib.dump(model, tmp_path / "model.joblib")
    rows.assign(y=0.0).to_csv(tmp_path / "rows.csv", index=False, header=[" a", "b ", " y"])
    given = [tmp_path / "model.joblib", "--sample", tmp_path / "rows.csv", "--target", target]
    assert training(["pack", *map(str, given), "--out", str(tmp_path / "x"), "--no-report"]) == 0
    signature = Predictor.load(tmp_path / "x").signature
    assert (signature.names, signature.outputs[0].name) == (("a", "b"), "y")


def test_a_model_without_names_gets_them_without_blanks(tmp_path: Path) -> None:
    _, rows = fitted("a", "b")
    joblib.dump(LinearRegression().fit(rows.to_numpy(), rows["a"]), tmp_path / "model.joblib")
    (tmp_path / "rows.csv").write_text(table(rows.assign(note="x"), "a", " b", " note"))
    given = [tmp_path / "model.joblib", "--sample", tmp_path / "rows.csv", "--out", tmp_path / "x"]
    assert training(["pack", *map(str, given), "--ignore", "note"]) == 0
    assert Predictor.load(tmp_path / "x").signature.names == ("a", "b")


def test_rows_of_a_model_with_an_input_called_instances(instances: Packed) -> None:
    rows = instances.rows
    forms = [
        {"instances": rows.to_dict(orient="records")},
        {"instances": rows.to_numpy().tolist()},
        rows.to_dict(orient="list"),
        {name: json.dumps(rows[name].tolist()) for name in rows},
    ]
    for form in forms:
        answer = instances.post(json.dumps(form), "application/json")
        assert answer.status_code == 200, (form, answer.json)
        assert answer.json["prediction"] == pytest.approx(instances.truth())
    one = instances.post(rows.head(1).iloc[0].to_json(), "application/json")
    assert one.json["prediction"] == pytest.approx(instances.truth()[:1])


def test_rows_of_a_model_with_no_other_input(tmp_path: Path) -> None:
    alone = pack(tmp_path, "instances")
    values = alone.rows["instances"].tolist()
    rows = [values, [[value] for value in values], [{"instances": value} for value in values]]
    for form in (*rows, json.dumps(values)):
        answer = alone.post(json.dumps({"instances": form}), "application/json")
        assert answer.json["prediction"] == pytest.approx(alone.truth())
    answer = alone.post(json.dumps({"instances": values[0]}), "application/json")
    assert answer.json["prediction"] == pytest.approx(alone.truth()[:1])


def test_a_column_of_that_name_is_reported_as_one(instances: Packed) -> None:
    """Rows begin with an object or a list, and nothing stands beside them."""
    for body, pointer in (
        ('{"instances": [1, 2]}', "/b"),
        ('{"instances": [[1, 2]], "b": [1]}', "/instances/0"),
        ('{"instances": [[1, 2], [1]]}', "/instances/1"),
    ):
        answer = instances.post(body, "application/json")
        problem = assert_problem(422, answer.content_type, answer.data)
        assert problem["errors"][0]["pointer"] == pointer


def test_the_contract_has_all_forms(instances: Packed) -> None:
    contract = instances.client.get("/openapi.json").json
    assert contract is not None
    assert {"named-rows", "ordered-rows"} <= contract["components"]["schemas"].keys()
    media = contract["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    for example in media["examples"].values():
        assert instances.post(json.dumps(example["value"]), "application/json").status_code == 200
