"""Log lines: one valid JSON object each, whatever happens."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from select import PIPE_BUF
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from gunicorn.config import Config

from service.observability import logs
from service.server.gunicorn.logger import GunicornLogger

Lines = Callable[[], list[dict[str, Any]]]


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    text = logs.JSONFormatter().format(record)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    return line


def record(message: str, *args: object, **attributes: object) -> logging.LogRecord:
    made = logging.LogRecord("slipway", logging.INFO, __file__, 1, message, args, None)
    made.__dict__.update(attributes)
    return made


def test_a_line_has_time_level_logger_and_message() -> None:
    line = line_of(record("took %d rows", 3))
    assert set(line) == {"time", "level", "logger", "message"}
    assert line["message"] == "took 3 rows"
    assert line["level"] == "info"
    assert line["time"].endswith("+00:00")


def test_fields_become_keys() -> None:
    assert line_of(record("request", fields={"status": 200}))["status"] == 200


@pytest.mark.parametrize("text", ['"', "\n", "\x00", "\ud800", "\u2028", "é" * 10_000])
def test_any_text_gives_one_valid_line(text: str) -> None:
    assert line_of(record(text))["message"] == text[: logs.MAX_MESSAGE_LENGTH]


def test_an_exception_is_kept_in_its_line() -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        line = line_of(record("failed", exc_info=sys.exc_info()))
    assert "RuntimeError: broken" in line["exception"]


def test_a_request_is_one_line_with_all_that_operators_ask(
    client: FlaskClient, lines: Lines
) -> None:
    response = client.post("/predict", json={"sensor_1": [1, 2], "sensor_2": [1, 2]})
    [line] = lines()
    assert (line["logger"], line["level"], line["message"]) == (
        "slipway.requests",
        "info",
        "request",
    )
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert line["model_version"] == response.headers["Model-Version"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/predict", 200)
    assert line["rows"] == 2
    assert 0 < line["predict_ms"] < line["total_ms"]


def test_a_path_that_is_no_route_is_not_logged(client: FlaskClient, lines: Lines) -> None:
    client.get("/canary?canary=canary")
    [line] = lines()
    assert line["route"] is None
    assert "canary" not in str(line)


ROOT = "1-67891233-abcdef012345678912345678"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"Root={ROOT}", ROOT),
        (f"Self=1-67891234-12456789abcdef012345678;Root={ROOT}", ROOT),
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", ROOT),
        (f"Root={ROOT};", ROOT),
        ("Root=garbage", None),
        (f"Root={ROOT}canary", None),
        (f"Root={ROOT.upper()}", None),
        (f"canary {ROOT}", None),
        (f"Root={ROOT};{'x' * 4000}", None),
        ("Self=" * 200 + f";Root={ROOT}", None),
        ("", None),
    ],
)
def test_only_a_well_formed_trace_id_is_logged(
    client: FlaskClient, lines: Lines, header: str, found: str | None
) -> None:
    client.get("/model", headers={"X-Amzn-Trace-Id": header})
    [line] = lines()
    assert line["trace_id"] == found


def test_a_method_that_http_does_not_know_is_not_logged(client: FlaskClient, lines: Lines) -> None:
    client.open("/model", method="CANARY")
    [line] = lines()
    assert line["method"] == "other"


def test_health_checks_are_logged_only_when_they_fail(client: FlaskClient, lines: Lines) -> None:
    client.get("/health")
    client.get("/health/live")
    assert not lines()
    client.post("/health")
    assert len(lines()) == 1


def test_a_level_above_info_writes_no_line_for_a_request(
    client: FlaskClient, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    client.get("/model")
    assert not lines()


def test_an_answer_does_not_depend_on_a_reader_of_the_log(
    client: FlaskClient, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with suppress(BrokenPipeError), open(writing, "w") as broken:
        monkeypatch.setattr(sys, "stdout", broken)
        assert client.get("/model").status_code == 200
        assert client.get("/model").status_code == 200


def test_what_is_answered_at_once_is_written_at_once_and_whole(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    written: list[bytes] = []
    stdout = SimpleNamespace(buffer=SimpleNamespace(write=written.append, flush=lambda: None))
    monkeypatch.setattr(sys, "stdout", stdout)

    async def several(count: int) -> None:
        written.clear()
        for _ in range(count):
            environ: dict[str, Any] = {"REQUEST_METHOD": "GET"}
            logs.assign_request_id(environ)
            logs.write_request(environ, "/model", 200, "1")
        assert written == []
        await asyncio.sleep(0)

    asyncio.run(several(5))
    [together] = written
    assert [json.loads(line)["status"] for line in together.splitlines()] == [200] * 5
    asyncio.run(several(100))
    assert 1 < len(written) < 100
    assert max(map(len, written)) <= PIPE_BUF
    assert all(part.endswith(b"}\n") for part in written)
    assert b"".join(written).count(b"\n") == 100


def test_one_handler_writes_all_log_lines_of_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)
    monkeypatch.setattr(sys, "stdout", written := StringIO())
    logs.configure("warning")
    logging.captureWarnings(False)
    logging.getLogger("any.library").warning("careful")
    logging.getLogger("any.library").info("never mind")
    assert json.loads(written.getvalue())["message"] == "careful"


def test_gunicorn_s_own_lines_have_the_same_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", written := StringIO())
    logger = GunicornLogger(Config())
    logger.info("Listening at: %s", "here")
    logger.error_log.handlers = []
    line = json.loads(written.getvalue())
    assert (line["logger"], line["message"]) == ("gunicorn.error", "Listening at: here")
