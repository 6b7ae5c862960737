"""The one error body: every error that Flask knows, those raised, and crashes."""

from time import process_time

import pytest
from flask import Flask
from werkzeug.exceptions import abort, default_exceptions

from service.api.problems import Problem, pointer, unknown
from tests.support.problems import assert_problem


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_every_http_error_is_a_problem(app: Flask, status: int) -> None:
    app.add_url_rule("/fails", view_func=lambda: abort(status))
    response = app.test_client().get("/fails")
    assert response.status_code == status
    assert_problem(status, response.content_type, response.data)


def test_a_crash_is_a_500_without_details(app: Flask) -> None:
    def crash() -> str:
        raise RuntimeError("the secret ingredient")

    app.add_url_rule("/fails", view_func=crash)
    response = app.test_client().get("/fails")
    assert response.status_code == 500
    assert_problem(500, response.content_type, response.data)
    assert b"secret" not in response.data


def test_an_unknown_address_is_a_404(app: Flask) -> None:
    response = app.test_client().get("/nowhere")
    assert_problem(404, response.content_type, response.data)
    assert response.status_code == 404
    assert b"nowhere" not in response.data


def test_a_wrong_method_is_a_405_that_names_the_right_one(app: Flask) -> None:
    response = app.test_client().get("/predict")
    assert_problem(405, response.content_type, response.data)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_errors_and_headers_of_a_problem_are_sent(app: Flask) -> None:
    def fail() -> str:
        errors = [{"pointer": pointer("a"), "detail": f"fault {i}"} for i in range(30)]
        raise Problem(422, "thirty faults", errors, {"Retry-After": "1"})

    app.add_url_rule("/fails", view_func=fail)
    response = app.test_client().get("/fails")
    problem = assert_problem(422, response.content_type, response.data)
    assert problem["detail"] == "thirty faults"
    assert [error["detail"] for error in problem["errors"]] == [f"fault {i}" for i in range(20)]
    assert response.headers["Retry-After"] == "1"


def test_pointers_escape_as_rfc_6901_says() -> None:
    assert pointer() == ""
    assert pointer("a/b", "m~n", 0, "") == "/a~1b/m~0n/0/"


def test_an_unknown_name_gets_the_likely_one_or_all() -> None:
    names = ["sensor_1", "sensor_2"]
    assert "did you mean sensor_1?" in unknown("senser_1", names, "input")
    assert "there are sensor_1, sensor_2" in unknown("xyz", names, "input")
    assert len(unknown("x" * 1_000_000, names * 1000, "input")) <= 300


def test_twenty_misspelt_names_among_thousands_are_no_work() -> None:
    names = [f"input_of_machine_{number:05d}" for number in range(3000)]
    begin = process_time()
    for number in range(20):
        name = f"input_of_machine_{number * 100:05d}"
        assert unknown(f"{name}x", names, "input") == f"is no input; did you mean {name}?"
    assert process_time() - begin < 0.2  # it was a second and more when all were compared
