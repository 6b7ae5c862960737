"""What SageMaker and its clients send, and what they get: the types, both ways, without envelope.

The published answers are those of AWS's own container: https://github.com/aws/sagemaker-containers.
"""

import csv
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.packed import client_of

PATH = "/invocations"
IRIS, MIXED = "logistic regression, string labels", "mixed table, open categories"
ROWS = [[1, 1], [2, -1], [3, 0]]
JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"


@pytest.fixture
def client() -> FlaskClient:
    return client_of("sensors", "sagemaker")


def predicted(name: str, rows: list[list[Any]]) -> Any:
    """The response of /predict to the same rows."""
    return client_of(name, "sagemaker").post("/predict", json={"instances": rows}).json


@pytest.mark.parametrize(
    "body",
    [
        "[[1, 1], [2, -1], [3, 0]]",
        '[{"sensor_1": 1, "sensor_2": 1}, {"sensor_1": 2, "sensor_2": -1},'
        ' {"sensor_2": 0, "sensor_1": 3}]',
        '{"sensor_1": [1, 2, 3], "sensor_2": [1, -1, 0]}',
        '{"sensor_1": "[1, 2, 3]", "sensor_2": "[1, -1, 0]"}',
        '{"instances": [[1, 1], [2, -1], [3, 0]]}',
    ],
)
def test_json_in_any_form_gives_a_bare_list(client: FlaskClient, body: str) -> None:
    response = client.post(PATH, data=body, content_type=JSON)
    assert (response.content_type, response.json) == (JSON, [0.0, 1.0, 1.0])


def test_a_list_of_values_is_one_row_or_of_one_input_one_column() -> None:
    assert client_of("sensors", "sagemaker").post(PATH, json=[3, 0]).json == [1.0]
    rows = [[1.5], [20.5]]
    found = client_of("one feature", "sagemaker").post(PATH, json=[1.5, 20.5]).json
    assert [found] == list(predicted("one feature", rows).values())


@pytest.mark.parametrize(
    "table",
    [
        *("1,1\n2,-1\n3,0\n", "1,1\r\n2,-1\r\n3,0", "\ufeff1,1\n2,-1\n3,0\n"),
        *("sensor_1,sensor_2\n1,1\n2,-1\n3,0\n", "sensor_2,sensor_1\n1,1\n-1,2\n0,3\n"),
        "\ufeffsensor_1, sensor_2\n1,1\n2,-1\n3,0\n",
    ],
)
def test_a_table_needs_no_header_and_may_have_one(client: FlaskClient, table: str) -> None:
    response = client.post(PATH, data=table, content_type=CSV)
    assert response.json == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("row", ["3,0", "3,0\n"])
def test_a_table_of_one_row_is_one_row(client: FlaskClient, row: str) -> None:
    assert client.post(PATH, data=row, content_type=CSV).json == [1.0]


def test_a_column_of_text_needs_no_header_either() -> None:
    remarks = ["the pump in Oslo is 3 years old", 'a "quoted", old fan']
    text = io.StringIO()
    csv.writer(text).writerows([remark] for remark in remarks)
    found = client_of("text", "sagemaker").post(PATH, data=text.getvalue(), content_type=CSV).json
    assert [found] == list(predicted("text", [[remark] for remark in remarks]).values())


def test_an_empty_cell_and_nan_are_null() -> None:
    rows: list[list[Any]] = [["Oslo", "pump", None, 20.5, True], [None, "fan", 3, None, False]]
    wanted = list(predicted(MIXED, rows).values())
    table = "Oslo,pump,,20.5,true\n,fan,3,,false\n"
    assert [client_of(MIXED, "sagemaker").post(PATH, data=table, content_type=CSV).json] == wanted
    as_python_writes_it = json.dumps(rows).replace("null", "NaN")
    assert [client_of(MIXED, "sagemaker").post(PATH, data=as_python_writes_it).json] == wanted


def test_several_outputs_are_columns() -> None:
    rows = [[5.0, 162.0, 60.0], [2.0, 110.0, 60.0]]
    found = predicted("several outputs", rows)
    wanted = [list(row) for row in zip(*found.values(), strict=True)]
    client = client_of("several outputs", "sagemaker")
    assert client.post(PATH, json=rows).json == wanted
    lines = client.post(PATH, json=rows, headers={"Accept": CSV}).text.splitlines()
    assert [list(map(float, line.split(","))) for line in lines] == wanted


def test_a_table_of_labels_quotes_what_needs_it(client: FlaskClient) -> None:
    response = client.post(PATH, json=ROWS, headers={"Accept": CSV})
    assert (response.content_type, response.data) == (CSV, b"0.0\n1.0\n1.0\n")
    names = client_of(IRIS, "sagemaker").post(
        PATH, json=[[5.1, 3.5, 1.4, 0.2]], headers={"Accept": CSV}
    )
    assert names.data == b"setosa\n"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        *[("", JSON), ("*/*", JSON), (JSON, JSON), ("application/*", JSON)],
        *[(CSV, CSV), ("text/*", CSV), ("TEXT/CSV", CSV), (NPY, NPY)],
        *[("text/csv; charset=utf-8", CSV), (f"{JSON}; verbose=true", JSON)],
        *[(f"{JSON};q=0.2, {CSV};q=0.9", CSV), (f"image/png, {NPY};q=0.1", NPY)],
        *[(f"{JSON};q=0, */*", CSV), (f"{CSV}, {JSON}", JSON)],
        *[("image/png", None), ("application/x-recordio-protobuf", None), (f"{JSON};q=0", None)],
    ],
)
def test_the_answer_has_the_type_that_is_liked_best(
    client: FlaskClient, accept: str, answered: str | None
) -> None:
    response = client.post(PATH, json=ROWS, headers={"Accept": accept} if accept else {})
    if answered:
        assert (response.status_code, response.content_type) == (200, answered)
    else:
        assert response.status_code == 406
        assert response.json["error"] == "UnsupportedFormatError"  # type: ignore[index]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        *[({}, 415), ({"ContentType": CSV}, 200), ({"Content-Type": CSV}, 200)],
        *[({"ContentType": CSV, "Content-Type": JSON}, 200), ({"Content-Type": "text/plain"}, 415)],
        *[({"Content-Type": f"{CSV}; charset=utf-8"}, 200), ({"Content-Type": "x"}, 415)],
        *[({"Content-Type": f"{CSV}; charset=latin-1"}, 415)],
        *[({"Content-Type": CSV, "Content-Encoding": "gzip"}, 415)],
    ],
)
def test_a_type_has_either_header_and_is_json_without(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    response = client.post(PATH, data="3,0", headers=headers)
    if not headers:
        assert response.status_code == 400  # as JSON, which it is not
        return
    assert response.status_code == status
    if status == 415:
        answer: Any = response.json
        assert answer.keys() == {"error", "error-message"}
        assert answer["error"] == "UnsupportedFormatError"


def test_an_error_has_its_place(client: FlaskClient) -> None:
    response = client.post(PATH, json=[[1, 1], [2, "x"]])
    assert response.status_code == 422
    assert response.json == {
        "error": "ClientError",
        "error-message": "the input does not fit the model: /1/1 is a string, not a number",
    }


@pytest.mark.parametrize(("given", "expected"), [(1, 1), (2**20, 1), (6_500_000, 6), (2**30, 100)])
def test_batch_transform_gets_the_limits_of_a_body(given: int, expected: int) -> None:
    response = client_of("sensors", "sagemaker", max_body_bytes=given).get("/execution-parameters")
    assert response.json == {
        "MaxConcurrentTransforms": 1,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": expected,
    }
