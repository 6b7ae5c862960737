"""The test of error bodies: `assert_problem` checks every error of the service."""

import json
from typing import Any

from werkzeug.http import HTTP_STATUS_CODES

LARGEST = 4096


def assert_problem(status: int, content_type: str, body: bytes) -> dict[str, Any]:
    """Check an error response against RFC 9457 and the documented form; return it."""
    assert content_type == "application/problem+json"
    assert len(body) < LARGEST
    problem: dict[str, Any] = json.loads(body)
    assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "request_id"}
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"] == HTTP_STATUS_CODES[status]
    assert problem["detail"]
    assert problem["request_id"]
    assert b"Traceback" not in body
    for error in problem.get("errors", []):
        assert set(error) in ({"pointer", "detail"}, {"parameter", "detail"})
        assert error["detail"]
    assert len(problem.get("errors", [])) <= 20
    return problem
