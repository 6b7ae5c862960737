"""Drift of what is predicted: found at every door, for all workers, and without anybody's row."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from service.api.prediction_service import PredictionService
from service.api.request_state import state_of
from service.app import create_app
from service.monitoring.monitor import Monitor
from service.monitoring.report import compared
from service.settings import Settings
from tests.support.packed import folder_of, packed
from tests.support.problems import assert_problem
from tests.support.serving import ROOT, Server, children_of, serve, wait_until

PORT = {"SERVER_PORT": str(Settings().metrics_port)}
MIXED = "mixed table, open categories"
CANARY = "canary-0f7d9e"
MEMORY = Path("/dev/shm")  # noqa: S108


def fresh(name: str, **settings: Any) -> FlaskClient:
    """A service that nobody has asked yet, with all protocols."""
    protocols = ("lambda", "sagemaker", "oip", "mlflow")
    return create_app(Settings(protocols=protocols, **settings), packed(name)[1]).test_client()


def hour(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/drift", environ_overrides=PORT)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = (answer.json or {})["windows"]["hour"]
    return found


def drawn(name: str, rows: int, seed: int = 0) -> pd.DataFrame:
    """Rows of the sample, drawn with replacement."""
    own = packed(name)[0].rows.sample(rows, replace=True, random_state=seed)
    return own.reset_index(drop=True)


def send(client: FlaskClient, rows: pd.DataFrame, size: int = 50) -> None:
    for first in range(0, len(rows), size):
        part = rows.iloc[first : first + size]
        body = json.loads(part.to_json(orient="records"))
        answer = client.post("/predict", json={"instances": body})
        assert answer.status_code == 200, answer.text


def shifted(rows: pd.DataFrame, column: str) -> None:
    rows[column] += 0.5 * rows[column].std()


def new_category(rows: pd.DataFrame) -> None:
    rows.loc[np.random.default_rng(0).random(len(rows)) < 0.05, "site"] = "Bergen"


def more_null(column: str) -> Callable[[pd.DataFrame], None]:
    def change(rows: pd.DataFrame) -> None:
        rows.loc[np.random.default_rng(0).random(len(rows)) < 0.1, column] = None

    return change


@pytest.mark.parametrize(
    ("name", "column", "change", "reason"),
    [
        ("sensors", "sensor_1", lambda rows: shifted(rows, "sensor_1"), "psi"),
        ("sensors", "sensor_2", lambda rows: shifted(rows, "sensor_2"), "psi"),
        (MIXED, "temperature", lambda rows: shifted(rows, "temperature"), "psi"),
        (MIXED, "site", new_category, "unknown"),
        (MIXED, "site", more_null("site"), "null"),
        (MIXED, "temperature", more_null("temperature"), "null"),
    ],
)
def test_a_changed_input_is_reported_within_2000_rows_and_no_other(
    name: str, column: str, change: Callable[[pd.DataFrame], None], reason: str
) -> None:
    client, rows = fresh(name), drawn(name, 2000)
    change(rows)
    send(client, rows)
    found = hour(client)
    assert found["drifted"]["inputs"] == [column]
    assert reason in found["inputs"][column]["reasons"]


@pytest.mark.parametrize("name", ["sensors", MIXED])
def test_rows_like_those_of_the_sample_are_no_drift(name: str) -> None:
    client = fresh(name)
    send(client, drawn(name, 2000))
    found = hour(client)
    assert found["rows"] > 500
    assert found["drifted"] == {"inputs": [], "outputs": []}
    [confidence] = found["confidence"].values()
    assert abs(confidence["now"] - confidence["sample"]) < 4 * confidence["standard_error"]


def test_outputs_drift_with_the_inputs() -> None:
    client, rows = fresh("sensors"), drawn("sensors", 1000)
    rows["sensor_1"] += 3
    send(client, rows)
    expected = packed("sensors")[0].estimator
    highest = expected.predict_proba(rows.to_numpy()).max(axis=1)
    found = hour(client)
    assert found["drifted"]["outputs"] == ["prediction"]
    assert found["confidence"]["prediction"]["now"] == pytest.approx(highest.mean(), abs=0.03)


ROW = {"sensor_1": 1.0, "sensor_2": 2.0}
OIP = {
    "inputs": [
        {"name": name, "shape": [1], "datatype": "FP64", "data": [value]}
        for name, value in ROW.items()
    ]
}


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/predict", json.dumps(ROW), "application/json"),
        ("/predict", json.dumps({"instances": [ROW]}), "application/json"),
        ("/predict?probabilities=true", json.dumps(ROW), "application/json"),
        ("/predict?top=1", json.dumps(ROW), "application/json"),
        ("/predict", "sensor_1,sensor_2\n1,2\n", "text/csv"),
        ("/invocations", json.dumps({"dataframe_records": [ROW]}), "application/json"),
        ("/invocations", "1,2\n", "text/csv"),
        ("/v2/models/sensors/infer", json.dumps(OIP), "application/json"),
        ("/v1/models/x:predict", json.dumps({"instances": [[1, 2]]}), "application/json"),
        ("/2015-03-31/functions/function/invocations", json.dumps(ROW), "application/json"),
    ],
)
def test_every_door_is_counted(path: str, body: str, content_type: str) -> None:
    client = fresh("sensors")
    answer = client.post(path.replace("sensors", "x"), data=body, content_type=content_type)
    assert answer.status_code == 200, answer.text
    assert hour(client)["rows"] == 1


def test_requests_that_share_a_call_are_counted_once() -> None:
    app = create_app(Settings(), packed("sensors")[1])
    environs = [EnvironBuilder("/predict", method="POST").get_environ() for _ in range(3)]
    for environ in environs:
        state_of(environ).body = json.dumps(ROW).encode()
    assert app.fast_path is not None
    app.fast_path.predict_batch(environs)
    assert all(state_of(environ).answer for environ in environs)
    assert hour(app.test_client())["rows"] == 3


def test_refused_rows_are_not_counted() -> None:
    client = fresh("sensors")
    assert client.post("/predict", json={"sensor_1": "x", "sensor_2": 1}).status_code == 422
    assert hour(client)["rows"] == 0


def test_few_rows_are_not_described() -> None:
    client = fresh("sensors")
    send(client, drawn("sensors", 199))
    assert set(hour(client)) == {"rows", "enough_rows"}
    assert "slipway_input_drift{" not in client.get("/metrics", environ_overrides=PORT).text
    send(client, drawn("sensors", 1))
    assert {"inputs", "outputs", "drifted"} <= set(hour(client))
    shown = client.get("/metrics", environ_overrides=PORT).text
    assert 'slipway_input_drift{input="sensor_1",window="hour"}' in shown


def test_of_many_rows_some_are_counted() -> None:
    _, predictor, _ = packed("sensors")
    assert predictor.manifest.profile is not None
    monitor = Monitor(predictor, predictor.manifest.profile)
    columns = {name: np.arange(100_000.0) for name in ("sensor_1", "sensor_2")}
    for _ in range(3):  # the first is counted at once; then counting waits
        monitor.observe(columns, {"prediction": np.zeros(100_000)}, 100_000)
    found = compared(monitor)["hour"]
    assert 0 < found["rows"] <= 3000
    above = found["inputs"]["sensor_1"].shares["above"].now
    assert above == pytest.approx(1, abs=0.01)  # not the first rows, which are in range


@pytest.mark.parametrize("port", ["80", PORT["SERVER_PORT"]])
def test_only_the_metrics_port_has_it(port: str) -> None:
    answer = fresh("sensors").get("/drift", environ_overrides={"SERVER_PORT": port})
    assert answer.status_code == (200 if port == PORT["SERVER_PORT"] else 404)


def test_it_can_be_off() -> None:
    client = fresh("sensors", drift=False)
    send(client, drawn("sensors", 300))
    answer = client.get("/drift", environ_overrides=PORT)
    assert_problem(404, answer.headers["content-type"], answer.data)
    assert "SERVICE_DRIFT is false" in answer.text
    assert "slipway_input_drift{" not in client.get("/metrics", environ_overrides=PORT).text


def test_an_artifact_without_a_profile_is_served_and_a_log_line_says_so(
    own_artifact: Path, edit_manifest: Callable[[Callable[[dict[str, Any]], object]], None]
) -> None:
    edit_manifest(lambda content: content.pop("profile"))
    with serve(own_artifact) as server:
        assert server.predict(json.dumps(ROW)).status == 200
        assert server.request("GET", "/drift", port=server.metrics_port).status == 404
        assert "the artifact has no profile" in server.log.read_text()


@pytest.fixture
def workers(artifact: Path) -> Iterator[Server]:
    """A service of two workers."""
    with serve(artifact, WEB_CONCURRENCY="2") as running:
        yield running


def asked(server: Server, rows: pd.DataFrame, size: int = 20) -> None:
    for first in range(0, len(rows), size):
        columns = rows.iloc[first : first + size].to_dict("list")
        assert server.predict(json.dumps(columns)).status == 200


def in_use(server: Server) -> dict[str, Any]:
    answer = server.request("GET", "/drift", port=server.metrics_port)
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)["windows"]["day"]
    return found


def counted(server: Server) -> int:
    rows: int = in_use(server)["rows"]
    return rows


def files_of(server: Server) -> list[Path]:
    """The counts of its workers, if they are in memory as on Linux."""
    [own] = MEMORY.glob(f"slipway-*/counter_{server.process.pid}.db")
    return list(own.parent.glob("drift-*.bin"))


@pytest.mark.skipif(not MEMORY.is_dir(), reason="counts are looked for in memory")
def test_the_counts_of_two_workers_and_of_killed_ones_add_up(workers: Server) -> None:
    rows = drawn("sensors", 800)
    asked(workers, rows)
    wait_until(lambda: counted(workers) == 800, "both workers to count")
    before = set(children_of(workers.process.pid))
    for lost in before:
        os.kill(lost, signal.SIGKILL)
    wait_until(lambda: len(set(children_of(workers.process.pid)) - before) == 2, "two new workers")
    assert counted(workers) == 800
    rows["sensor_1"] += rows["sensor_1"].std()
    asked(workers, rows)
    wait_until(lambda: counted(workers) == 1600, "the new workers to count")
    assert in_use(workers)["drifted"]["inputs"] == ["sensor_1"]
    assert workers.metrics()['slipway_drifted{window="day"}'] >= 1
    assert len(files_of(workers)) <= 2


@pytest.mark.skipif(not MEMORY.is_dir(), reason="counts are looked for in memory")
def test_what_rows_have_is_nowhere(tmp_path: Path) -> None:
    """A category and a text of a client, and a number."""
    texts = pd.DataFrame(
        {
            "site": [f"{CANARY}-site"] * 300,
            "kind": [f"{CANARY}-kind"] * 300,
            "age_years": [7] * 300,
            "temperature": [41.5190733] * 300,
            "guarded": [True] * 300,
        }
    )
    folder = folder_of(MIXED)
    with serve(folder, SERVICE_LOG_LEVEL="debug", SERVICE_PROTOCOLS="none") as server:
        body = json.dumps({"instances": texts.to_dict("records")})
        assert server.predict(body).status == 200
        wait_until(lambda: counted(server) == 300, "the rows to be counted")
        assert in_use(server)["drifted"]["inputs"] != []
        shown = [
            server.request("GET", path, port=port).body.decode()
            for path, port in [
                ("/drift", server.metrics_port),
                ("/metrics", server.metrics_port),
                ("/", server.port),
                ("/model", server.port),
                ("/openapi.json", server.port),
            ]
        ]
        counts = [path.read_bytes() for path in files_of(server)]
        everything = "".join([*shown, server.log.read_text()])
    everything += (folder / "manifest.json").read_text()
    assert len(counts) == 1
    assert CANARY not in everything
    assert "41.5190733" not in everything
    assert not any(np.array([41.5190733]).tobytes() in one for one in counts)


def test_a_log_line_names_what_has_drifted_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.monitoring.monitor.LOG_SECONDS", 0)
    client, rows = fresh("sensors"), drawn("sensors", 600)
    send(client, rows)
    assert caplog.records == []
    rows["sensor_2"] += 100
    send(client, rows)
    hour(client)
    assert {record.getMessage() for record in caplog.records} == {"drift"}
    fields = caplog.records[-1].__dict__["fields"]
    assert fields.keys() == {"window", "rows", "inputs", "outputs"}
    assert (fields["window"], fields["inputs"]) == ("hour", ["sensor_2"])


def test_the_line_is_written_at_most_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    client, rows = fresh("sensors"), drawn("sensors", 600)
    rows["sensor_2"] += 100
    send(client, rows)
    assert hour(client)["drifted"]["inputs"] == ["sensor_2"]
    assert caplog.records == []


def test_a_failure_to_count_fails_no_prediction(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder of the counts does not exist."""
    _, predictor, _ = packed("sensors")
    assert predictor.manifest.profile is not None
    monitor = Monitor(predictor, predictor.manifest.profile, tmp_path / "none")
    service = PredictionService(Settings(), predictor, monitor)
    for _ in range(3):
        answer = json.loads(service.predict({}, json.dumps(ROW).encode()))
        assert answer.keys() == {"prediction"}
    [record] = caplog.records
    assert record.getMessage() == "drift is not watched"
    assert record.__dict__["fields"] == {"reason": "FileNotFoundError"}


def test_the_program_of_the_page_draws_each_input(artifact: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs/care.md").read_text()
    [program] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    with serve(artifact) as server:
        asked(server, drawn("sensors", 400))
        wait_until(lambda: counted(server) == 400, "the rows to be counted")
        program = program.replace("9464", str(server.metrics_port))
        command = [sys.executable, "-W", "error", "-c", program]
        subprocess.run(command, cwd=tmp_path, check=True, env={**os.environ, "MPLBACKEND": "Agg"})
        column = in_use(server)["inputs"]["sensor_1"]
    assert {path.name for path in tmp_path.glob("*.png")} == {"sensor_1.png", "sensor_2.png"}
    bins = ["< -6.37", "-6.37 to -1.56"]
    assert (column["bins"][:2], column["bins"][-2:]) == (bins, ["> 8.79", "null"])
    assert len(column["bins"]) == len(column["sample"]) == len(column["now"]) == 13
    assert sum(column["now"]) == pytest.approx(1)
    assert column["sample"][1] == pytest.approx(0.1)
