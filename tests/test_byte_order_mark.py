"""A byte order mark before JSON is refused (RFC 8259, section 8.1), however long the body is."""

import json

import pytest

from service.api.parse import LONG_CHARACTERS
from tests.support.problems import assert_problem
from tests.support.serving import Server

MARK = b"\xef\xbb\xbf"
LONG_ROWS = LONG_CHARACTERS  # two characters for each value


def numbers(rows: int) -> bytes:
    return json.dumps({"sensor_1": [1] * rows, "sensor_2": [1] * rows}).encode()


@pytest.mark.parametrize("rows", [3, LONG_ROWS])
def test_a_byte_order_mark_is_refused_in_short_and_long_bodies_alike(
    server: Server, rows: int
) -> None:
    assert server.predict(numbers(rows)).status == 200
    answer = server.predict(MARK + numbers(rows))
    assert answer.status == 400
    problem = assert_problem(400, answer.headers["content-type"], answer.body)
    assert problem["detail"] == "the body is not JSON"
