"""Bad input is refused with the right problem, by the app alone and by the real server alike."""

import pytest
from flask.testing import FlaskClient

from tests.support.bad_bodies import ANSWER, BAD_JSON, EXAMPLE, Bad
from tests.support.bad_tables import BAD_TABLES
from tests.support.problems import assert_problem
from tests.support.serving import Server

CASES = {**BAD_JSON, **BAD_TABLES}
TRUNCATED = {
    "columns": EXAMPLE,
    "rows": b'{"instances": [{"sensor_1": 1, "sensor_2": -1e0}, {"sensor_1": 1, "sensor_2": 2}]}',
    "names with escapes": b'{"sens\\u006fr_1": 1, "\xc3\xa9\\n": [true, false, null, "\\ud83d"]}',
}
ENOUGH_TO_BE_AN_ECHO = 30


def assert_refused(case: Bad, status: int, content_type: str, answer: bytes) -> None:
    assert status == case.status
    problem = assert_problem(status, content_type, answer)
    errors = problem.get("errors", [])
    assert sorted(error["pointer"] for error in errors) == sorted(case.pointers)
    assert case.hint in " ".join(error["detail"] for error in errors)
    assert len(case.body) < ENOUGH_TO_BE_AN_ECHO or case.body not in answer


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_app_refuses_it_and_continues_to_serve(client: FlaskClient, case: Bad) -> None:
    response = client.post("/predict", data=case.body, headers=dict(case.headers))
    assert_refused(case, response.status_code, response.content_type, response.data)
    good = client.post("/predict", data=EXAMPLE, content_type="application/json")
    assert (good.status_code, good.data) == (200, ANSWER)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_server_refuses_it_and_continues_to_serve(server: Server, case: Bad) -> None:
    answer = server.request("POST", "/predict", case.body, case.headers)
    assert_refused(case, answer.status, answer.headers["content-type"], answer.body)
    good = server.predict(EXAMPLE)
    assert (good.status, good.body) == (200, ANSWER)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_table_in_another_encoding_is_not_called_json(client: FlaskClient, encoding: str) -> None:
    table = "sensor_1,é\n1,1\n".encode(encoding)
    response = client.post("/predict", data=table, content_type="text/csv")
    assert response.status_code == 400
    assert response.get_json()["detail"] == "the body is not UTF-8 text"
    blank = client.post("/predict", data=b" ", content_type="text/csv")
    assert blank.get_json()["detail"] == "the body is not CSV"


@pytest.mark.parametrize("body", TRUNCATED.values(), ids=TRUNCATED)
def test_json_cut_anywhere_is_not_json(client: FlaskClient, body: bytes) -> None:
    for length in range(1, len(body)):
        case = Bad(400, body[:length], ("",))
        response = client.post("/predict", data=case.body, content_type="application/json")
        assert_refused(case, response.status_code, response.content_type, response.data)


def test_json_cut_anywhere_is_not_json_to_the_server(server: Server) -> None:
    for length in range(1, len(EXAMPLE)):
        case = Bad(400, EXAMPLE[:length], ("",))
        answer = server.predict(case.body)
        assert_refused(case, answer.status, answer.headers["content-type"], answer.body)
    assert server.predict(EXAMPLE).body == ANSWER


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY"])
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF8"',
        "application/json; boundary=canary",
    ],
)
def test_the_type_and_encoding_that_are_taken(
    client: FlaskClient, content_type: str, encoding: str
) -> None:
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}
    response = client.post("/predict", data=EXAMPLE, headers=headers)
    assert (response.status_code, response.data) == (200, ANSWER)
