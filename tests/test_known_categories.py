"""Values that the encoders do not know are predicted for, counted and named."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from service.api.request_state import KEY, RequestState
from service.app import create_app
from service.batch import command, text_file
from service.middleware.response import ResponseContext, ResponseMiddleware
from service.model.known_categories import KnownCategories, Unknown, together
from service.model.manifest import Manifest
from service.model.parsing import ShapeError
from service.model.predictor import Predictor
from service.model.version import content_version
from service.observability.metrics import MAX_INPUTS, Metrics
from service.settings import Settings
from slipway.command import main
from tests.batch.test_interrupted import interrupt
from tests.support.packed import packed
from tests.support.sample_files import read_back
from training.pack import pack

CODES = [f"{code:05d}" for code in range(1001, 1001 + 60 * 457, 457)]  # 01001 to 27964
PORT = {"SERVER_PORT": str(Settings().metrics_port)}
METRIC = 'slipway_unknown_categories_total{input="postcode"}'
HEADER = "Unknown-Categories"


def fitted() -> tuple[Pipeline, pd.DataFrame]:
    """A table with more post codes than a signature lists, and shops by number."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "postcode": np.resize(CODES, 180),
            "shop": np.resize([1, 2, 3], 180),
            "area": random.normal(80, 20, 180).round(1),
        }
    )
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("codes", encoder, ["postcode", "shop"])], remainder="passthrough")
    return make_pipeline(columns, Ridge()).fit(rows, rows["area"] + rows["shop"]), rows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, Predictor, Path]:
    estimator, rows = fitted()
    folder = tmp_path_factory.mktemp("codes") / "artifact"
    pack(estimator, read_back(rows, folder.parent), targets=[], name="x", folder=folder)
    return estimator, Predictor.load(folder), folder


@pytest.fixture
def client(model: tuple[Pipeline, Predictor, Path]) -> FlaskClient:
    return create_app(Settings(), model[1]).test_client()


def rows_of(*codes: str) -> dict[str, Any]:
    return {"postcode": list(codes), "shop": [1] * len(codes), "area": [80] * len(codes)}


def counted(client: FlaskClient) -> float:
    lines = client.get("/metrics", environ_overrides=PORT).text.splitlines()
    [line] = [line for line in lines if line.startswith(METRIC)]
    return float(line.removeprefix(METRIC))


def test_unknown_values_are_in_a_header_and_a_metric_and_the_answer_is_the_estimators(
    client: FlaskClient, model: tuple[Pipeline, Predictor, Path]
) -> None:
    rows = rows_of("01001", "1001", "Berlin")
    answer = client.post("/predict", json=rows)
    expected = model[0].predict(pd.DataFrame(rows))
    assert (answer.json or {}).keys() == {"prediction"}
    assert np.allclose((answer.json or {})["prediction"], expected, rtol=1e-9)
    assert answer.headers[HEADER] == "postcode=2"
    before = counted(client)
    client.post("/predict", json={"instances": [{"postcode": "1001", "shop": 9, "area": 1}]})
    assert counted(client) - before == 1


def test_known_values_are_not_mentioned(client: FlaskClient) -> None:
    before = counted(client)
    assert HEADER not in client.post("/predict", json=rows_of("01001", CODES[-1])).headers
    assert counted(client) == before


def test_numbers_that_an_encoder_does_not_know_are_counted(client: FlaskClient) -> None:
    rows = {"postcode": ["01001"] * 3, "shop": [1, 3.0, 4], "area": [1, 2, 3]}
    assert client.post("/predict", json=rows).headers[HEADER] == "shop=1"


def test_refused_requests_have_no_such_header(model: tuple[Pipeline, Predictor, Path]) -> None:
    client = create_app(Settings(max_answer_values=1), model[1]).test_client()
    before = counted(client)
    refused = client.post("/predict", json=rows_of("1001", "1001"))
    assert refused.status_code == 422
    assert HEADER not in refused.headers
    assert counted(client) == before


def test_the_list_is_not_public_and_does_not_change_the_version(
    client: FlaskClient, model: tuple[Pipeline, Predictor, Path]
) -> None:
    manifest = model[1].manifest
    assert manifest.known == {"postcode": CODES, "shop": [1, 2, 3]}
    public = {path: client.get(path).text for path in ("/model", "/openapi.json", "/")}
    unshown = [code for code in CODES if code not in json.dumps(manifest.example)]
    assert all(code not in text for code in unshown for text in public.values())
    assert "known" not in (client.get("/model").json or {})
    without = replace(manifest, known={})
    assert content_version(without) == manifest.version


def test_models_of_numbers_look_at_nothing() -> None:
    manifest = packed("sensors")[1].manifest
    assert manifest.known == {}
    assert KnownCategories(manifest).unknown({}) == {}


def test_names_in_the_header_are_written_as_in_a_url_and_limited(client: FlaskClient) -> None:
    state = RequestState(unknown={"größe, m": 2, **{f"c{place}": 1 for place in range(30)}})
    sent: list[Any] = []

    def app(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [])
        return []

    context = ResponseContext.of(packed("sensors")[1].manifest)
    environ: Any = {"PATH_INFO": "/predict", "REQUEST_METHOD": "POST", KEY: state}
    ResponseMiddleware(app, context)(environ, lambda status, headers: sent.extend(headers))  # type: ignore[arg-type]
    named = dict(sent)[HEADER].split(", ")
    assert named[0] == "gr%C3%B6%C3%9Fe%2C%20m=2"
    assert len(named) == 20


def test_more_inputs_than_a_metric_names_are_counted_together() -> None:
    manifest = packed("sensors")[1].manifest
    wide = replace(manifest, known={f"c{place}": [1] for place in range(MAX_INPUTS + 5)})
    metrics = Metrics.of(wide)
    state = RequestState(unknown={f"c{MAX_INPUTS + 1}": 3, "c1": 2}, predict_seconds=0.1, rows=3)
    metrics.count({"REQUEST_METHOD": "POST", KEY: state}, "/predict", 200)
    text = metrics.text().decode()
    assert 'unknown_categories_total{input="others"} 3.0' in text
    assert 'unknown_categories_total{input="c1"} 2.0' in text


SHAPES = {
    "another column": ({"nothing": [1]}, "not in the signature"),
    "lists": ({"sensor_1": [[1]]}, "other values"),
}


@pytest.mark.parametrize(("known", "why"), SHAPES.values(), ids=SHAPES)
def test_a_manifest_with_other_known_values_is_refused(known: Any, why: str) -> None:
    manifest: Manifest = packed("sensors")[1].manifest
    with pytest.raises(ShapeError, match=why):
        replace(manifest, known=known).check()


def test_the_value_that_lost_its_zero_is_shown_if_there_is_one() -> None:
    lost, other = Unknown(1, "1001", "01001"), Unknown(2, "Berlin")
    assert lost.joined(other) == other.joined(lost) == Unknown(3, "1001", "01001")
    assert together({"a": other}, {"a": lost, "b": other}) == {
        "a": Unknown(3, "1001", "01001"), "b": other
    }  # fmt: skip


ODD = {
    "one length, no zeros": (["11", "12"], "1", None),
    "several lengths": (["01", "012"], "1", None),
    "not all digits": (["01", "x2"], "1", None),
    "nothing but zeros": (["00", "11"], "", None),
    "two zeros": (["0012", "1234"], "12", "0012"),
}


@pytest.mark.parametrize(("known", "value", "code"), ODD.values(), ids=ODD)
def test_a_value_is_a_code_without_its_zeros_only_if_that_code_is_known(
    known: list[str], value: str, code: str | None
) -> None:
    manifest = replace(packed("sensors")[1].manifest, known={"c": known})
    values = np.array([value, known[0], None, np.nan], object)
    found = KnownCategories(manifest).unknown({"c": values})
    assert found == {"c": Unknown(1, value, code)}


@pytest.mark.parametrize("processes", [1, 2])
def test_the_summary_of_files_names_unknown_values(
    processes: int,
    model: tuple[Pipeline, Predictor, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_file, "BLOCK_CHARACTERS", 500)
    lines = ["id,postcode,shop,area", *(f"{row},{CODES[row % 60]},1,80" for row in range(400))]
    lines[100], lines[300], lines[350] = "99,Berlin,1,80", "299,1001,7,80", "349,9999,1,oops"
    (tmp_path / "rows.csv").write_text("\n".join([*lines, ""]))
    command = ["predict", str(model[2]), str(tmp_path / "rows.csv"), str(tmp_path / "out.csv")]
    options = ["--on-error", "skip", "--processes", str(processes)]
    assert main([*command, *options]) == 0
    summary, *notes = capsys.readouterr().out.splitlines()
    assert summary.startswith("399 of 400 rows scored")
    assert notes == [
        "note: postcode has a value that the model does not know in 2 of 399 rows, such as '1001': "
        "it is 01001 without its zeros; read and write the column as text",
        "note: shop has a value that the model does not know in 1 of 399 rows, such as 7",
    ]


def test_a_run_that_resumes_counts_the_rows_from_before(
    model: tuple[Pipeline, Predictor, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_file, "BLOCK_CHARACTERS", 60)
    monkeypatch.setattr(command, "SAVE_SECONDS", -1.0)
    (tmp_path / "rows.csv").write_text("postcode,shop,area\n" + "1001,1,80\n" * 40)
    run = ["predict", str(model[2]), str(tmp_path / "rows.csv"), str(tmp_path / "out.csv")]
    with monkeypatch.context() as patch:
        before = interrupt(patch, 3)
        assert main([*run, "--processes", "1"]) == 130
    capsys.readouterr()
    assert main([*run, "--processes", "1"]) == 0
    summary, note = capsys.readouterr().out.splitlines()
    assert f"(resumed after {sum(before)})" in summary
    assert "in 40 of 40 rows, such as '1001': it is 01001 without its zeros" in note
