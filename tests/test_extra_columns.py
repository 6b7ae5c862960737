"""SERVICE_EXTRA_COLUMNS=ignore leaves out columns that the model does not take."""

import json
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.packed import packed

NAMES = ["sensor_1", "id", "sensor_2"]
ROWS = [[1.0, "a", 1.0], [2.0, "b", -1.0], [3.0, "c", 0.0]]
COLUMNS = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
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
