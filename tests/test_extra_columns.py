"""SERVICE_EXTRA_COLUMNS: columns that the model does not take are refused, ignored or sent back."""

import json
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.api.prediction_service import PredictionService
from service.api.request_state import KEY, RequestState
from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.packed import packed

NAMES = ["sensor_1", "id", "sensor_2"]
ROWS = [[1.0, "a", 1.0], [2.0, "b", -1.0], [3.0, "c", 0.0]]
COLUMNS = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
OUTPUT = "prediction"
EXPECTED = [0.0, 1.0, 1.0]
V2 = "/v2/models/x/infer"


def tensor(name: str) -> dict[str, Any]:
    datatype = "BYTES" if name == "id" else "FP64"
    return {"name": name, "shape": [3, 1], "datatype": datatype, "data": COLUMNS[name]}


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "MLflow dataframe_split": (
        "mlflow", "/invocations", {"dataframe_split": {"columns": NAMES, "data": ROWS}}
    ),
    "MLflow dataframe_records": ("mlflow", "/invocations", {"dataframe_records": RECORDS}),
    "MLflow inputs": ("mlflow", "/invocations", {"inputs": COLUMNS}),
    "MLflow instances": ("mlflow", "/invocations", {"instances": RECORDS}),
    "KServe V1": ("oip", "/v1/models/x:predict", {"instances": RECORDS}),
    "KServe V2": ("oip", V2, {"inputs": [tensor(name) for name in NAMES]}),
    "SageMaker": ("sagemaker", "/invocations", {"instances": RECORDS}),
}  # fmt: skip


def client_of(protocol: str, extra_columns: str) -> FlaskClient:
    predictor: Predictor = packed("sensors")[1]
    settings = Settings(protocols=(protocol,), extra_columns=extra_columns)
    return create_app(settings, predictor).test_client()


def answer_of(content: Any) -> Any:
    """The predictions in an answer of any of the protocols."""
    if isinstance(content, list):
        return content
    return content["outputs"][0]["data"] if "outputs" in content else content["predictions"]


@pytest.mark.parametrize(("protocol", "path", "payload"), REQUESTS.values(), ids=REQUESTS)
def test_extra_columns_are_refused_or_ignored(protocol: str, path: str, payload: Any) -> None:
    strict = client_of(protocol, "refuse").post(path, json=payload)
    assert strict.status_code in (400, 422), strict.text
    assert "id" in strict.text
    lenient = client_of(protocol, "ignore").post(path, json=payload)
    assert lenient.status_code == 200, lenient.text
    assert answer_of(lenient.json) == EXPECTED


@pytest.mark.parametrize("request_id", REQUESTS)
def test_a_misspelt_input_is_missing_all_the_same(request_id: str) -> None:
    protocol, path, payload = REQUESTS[request_id]
    misspelt = json.loads(json.dumps(payload).replace("sensor_2", "sensor2"))
    refused = client_of(protocol, "ignore").post(path, json=misspelt)
    assert refused.status_code in (400, 422)
    assert "sensor_2" in refused.text


def test_the_right_answers_are_the_estimators() -> None:
    case = packed("sensors")[0]
    rows = np.array([[row[0], row[2]] for row in ROWS])
    assert case.estimator.predict(rows).tolist() == EXPECTED


ECHOED: dict[str, tuple[Any, dict[str, Any]]] = {
    "columns": (COLUMNS, {"id": ["a", "b", "c"]}),
    "one row": ({"sensor_1": 2, "id": 7, "sensor_2": -1}, {"id": [7]}),
    "lists in strings": (
        {"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]", "id": "[7, null, 9007199254740993]"},
        {"id": [7, None, 9007199254740993]},
    ),
    "text that begins with a bracket": (
        {"sensor_1": 1, "sensor_2": 1, "id": "[7, 8]"}, {"id": ["[7, 8]"]}
    ),
    "records": (RECORDS, {"id": ["a", "b", "c"]}),
    "named rows, some with further columns": (
        {"instances": [*RECORDS[:2], {"sensor_1": 3, "sensor_2": 0, "more": True}]},
        {"id": ["a", "b", None], "more": [None, None, True]},
    ),
    "digits beyond 64 bits": (
        {"sensor_1": [1], "sensor_2": [1], "id": [10**30]}, {"id": [10**30]}
    ),
}  # fmt: skip


@pytest.mark.parametrize(("payload", "extra"), ECHOED.values(), ids=ECHOED)
@pytest.mark.parametrize("path", ["/predict", "/2015-03-31/functions/f/invocations"])
def test_extra_columns_are_returned_after_the_predictions(
    path: str, payload: Any, extra: dict[str, Any]
) -> None:
    ignored = client_of("lambda", "ignore").post(path, json=payload)
    echoed = client_of("lambda", "echo").post(path, json=payload)
    assert echoed.status_code == 200, echoed.text
    assert echoed.json == {**(ignored.json or {}), **extra}
    assert echoed.text.startswith(ignored.text[:-1])  # what was there is not changed by a byte


def test_columns_of_csv_are_returned_as_text() -> None:
    table = "number,sensor_1,sensor_2,day\n007,1,1,\n8,2,-1,2026-03-01\n"
    client = client_of("lambda", "echo")
    answer = client.post("/predict?probabilities=true", data=table, content_type="text/csv")
    found = answer.json or {}
    assert (found["number"], found["day"]) == (["007", "8"], ["", "2026-03-01"])
    assert found[OUTPUT] == [0.0, 1.0]
    assert len(found["probabilities"]) == 2


def test_many_rows_are_returned_in_order() -> None:
    rows = [{"sensor_1": row % 7, "sensor_2": 0, "id": f"{row}\ud800"} for row in range(1000)]
    answer = client_of("lambda", "echo").post("/predict", json=rows)
    assert (answer.json or {})["id"] == [row["id"] for row in rows]
    assert len((answer.json or {})[OUTPUT]) == 1000


def test_without_extra_columns_nothing_is_added() -> None:
    payload = {"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]}
    answers = {kind: client_of("lambda", kind) for kind in ("refuse", "ignore", "echo")}
    assert {client.post("/predict", json=payload).text for client in answers.values()} == {
        '{"prediction": [0.0, 1.0, 1.0]}'
    }


REFUSED: dict[str, tuple[Any, str, str]] = {
    "the name of a prediction": ({OUTPUT: [1]}, f"/{OUTPUT}", "rename it"),
    "a name that an answer may have": ({"labels": [1]}, "/labels", "rename it"),
    "another number of rows": ({"id": [1, 2]}, "/id", "has 2 rows, sensor_1 has 1"),
    "nested values": ({"id": [[1]]}, "/id", "other values than"),
    "a number beyond float64": ({"id": [1e999]}, "/id", "other values than"),
}


@pytest.mark.parametrize(("more", "pointer", "detail"), REFUSED.values(), ids=REFUSED)
def test_columns_that_cannot_be_returned_are_refused(more: Any, pointer: str, detail: str) -> None:
    content = json.dumps({"sensor_1": [1], "sensor_2": [1], **more}).replace("Infinity", "1e999")
    client = client_of("lambda", "echo")
    refused = client.post("/predict", data=content, content_type="application/json")
    assert refused.status_code == 422
    [error] = (refused.json or {})["errors"]
    assert error["pointer"] == pointer
    assert detail in error["detail"]


def test_a_column_twice_in_csv_is_refused_if_it_would_be_returned() -> None:
    table = "id,sensor_1,id,sensor_2\n1,2,3,4\n"
    refused = client_of("lambda", "echo").post("/predict", data=table, content_type="text/csv")
    assert refused.status_code == 422
    assert "more than once" in refused.text


def test_returned_columns_count_as_values_of_the_answer() -> None:
    settings = Settings(extra_columns="echo", max_answer_values=10)
    client = create_app(settings, packed("sensors")[1]).test_client()
    columns = {"sensor_1": [1] * 4, "sensor_2": [1] * 4}
    assert client.post("/predict", json={**columns, "id": [1] * 4}).status_code == 200
    refused = client.post("/predict", json={**columns, "id": [1] * 4, "day": [1] * 4})
    assert refused.status_code == 422
    assert "12 values" in refused.text
    different = [{"sensor_1": 1, "sensor_2": 1, f"n{row}": 1} for row in range(3000)]
    refused = client.post("/predict", json=different)  # 9,000,000 cells, nearly all of them null
    assert refused.status_code == 422
    assert "3000 rows have 3000 columns" in refused.text


def test_requests_of_a_batch_get_their_own_columns_back() -> None:
    predictor: Predictor = packed("sensors")[1]
    service = PredictionService(Settings(extra_columns="echo"), predictor)
    states = [
        RequestState(body=json.dumps({"sensor_1": 1, "sensor_2": 1, "id": id}).encode())
        for id in ("a", "b")
    ]
    service.predict_batch([{KEY: state} for state in states])
    assert [state.answer for state in states] == [
        b'{"prediction": [0.0], "id": ["a"]}', b'{"prediction": [0.0], "id": ["b"]}'
    ]  # fmt: skip


def test_the_contract_describes_returned_columns() -> None:
    for kind, described in (("ignore", False), ("echo", True)):
        contract = client_of("lambda", kind).get("/openapi.json").json or {}
        schemas = contract["components"]["schemas"]
        assert schemas["columns"]["additionalProperties"] is True
        assert ("additionalProperties" in schemas["answer"]) is described


@pytest.mark.parametrize("request_id", REQUESTS)
def test_other_protocols_ignore_what_they_cannot_send_back(request_id: str) -> None:
    protocol, path, payload = REQUESTS[request_id]
    answer = client_of(protocol, "echo").post(path, json=payload)
    assert answer.status_code == 200, answer.text
    assert answer_of(answer.json) == EXPECTED
