"""`/metrics`: right with several workers and lost ones, out of the load balancer's reach."""

import hashlib
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.settings import Settings
from tests.support.problems import assert_problem
from tests.support.serving import Server, children_of, serve, wait_until

EXAMPLE = json.dumps({"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"})
ANSWERED = 'slipway_requests_total{method="POST",route="/predict",status="200"}'
PORT = {"SERVER_PORT": str(Settings().metrics_port)}


@pytest.fixture
def workers(artifact: Path) -> Iterator[Server]:
    """A service of two workers, that no other test uses."""
    with serve(artifact, WEB_CONCURRENCY="2") as running:
        yield running


def workers_of(server: Server) -> set[int]:
    return set(children_of(server.process.pid))


def counted(server: Server) -> float:
    """The requests that were answered, besides those for the metrics and for health."""
    return sum(
        number
        for name, number in server.metrics().items()
        if name.startswith("slipway_requests_total")
        and not re.search(r'route="/(metrics|health.*)"', name)
    )


def test_it_is_not_there_for_the_load_balancer(server: Server) -> None:
    answer = server.request("GET", "/metrics")
    assert_problem(404, answer.headers["content-type"], answer.body)


@pytest.mark.parametrize("path", ["/predict", "/health", "/model", "/"])
def test_its_port_gives_nothing_else(server: Server, path: str) -> None:
    answer = server.request("GET", path, port=server.metrics_port)
    assert_problem(404, answer.headers["content-type"], answer.body)


def test_it_is_prometheus_text(server: Server) -> None:
    answer = server.request("GET", "/metrics", port=server.metrics_port)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# TYPE slipway_requests_total counter\n" in answer.body


def test_it_counts_requests_rows_and_times_of_all_workers(workers: Server) -> None:
    for _ in range(20):
        assert workers.predict(EXAMPLE).status == 200
    assert workers.predict("{}").status == 422
    wait_until(lambda: counted(workers) == 21, "both workers to publish what they counted")
    found = workers.metrics()
    assert found[ANSWERED] == 20
    assert found['slipway_requests_total{method="POST",route="/predict",status="422"}'] == 1
    assert found["slipway_rows_total"] == 60
    assert found['slipway_request_duration_seconds_count{route="/predict"}'] == 21
    assert found['slipway_request_duration_seconds_bucket{le="10.0",route="/predict"}'] == 21
    assert found["slipway_predict_duration_seconds_count"] == 20
    assert 0 < found["slipway_predict_duration_seconds_sum"] < 20
    assert found["slipway_queue_wait_seconds_count"] == 21
    assert found['slipway_shed_total{reason="busy"}'] == 0
    assert found['slipway_shed_total{reason="deadline"}'] == 0
    [info] = [name for name in found if name.startswith("slipway_model_info")]
    model = json.loads(workers.request("GET", "/model").body)
    assert f'name="{model["name"]}",version="{model["version"]}"' in info


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="workers are read from /proc")
def test_what_a_lost_worker_counted_stays_but_not_what_it_had_in_flight(workers: Server) -> None:
    for _ in range(20):
        assert workers.predict(EXAMPLE).status == 200
    # a request whose body never comes is in flight; with enough of them, some in each worker
    held = [workers.connect() for _ in range(20)]
    for connection in held:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
    in_flight = "slipway_requests_in_flight"
    wait_until(lambda: workers.metrics()[in_flight] == 21, "twenty and the one that asks")
    before = workers_of(workers)
    for lost in before:
        os.kill(lost, signal.SIGKILL)
    wait_until(lambda: len(workers_of(workers) - before) == 2, "two new workers")
    for connection in held:
        connection.close()
    found = workers.metrics()
    assert found[ANSWERED] == 20
    assert found["slipway_rows_total"] == 60
    assert found[in_flight] == 1


def test_whatever_clients_send_there_are_no_more_series(workers: Server) -> None:
    def series() -> set[str]:
        return set(workers.metrics())

    def ask_oddly(number: int) -> None:
        workers.request(f"METHOD{number}", f"/canary-{number}?canary={number}")
        workers.request("GET", f"/canary-{number}", headers={"X-Request-ID": f"canary-{number}"})
        workers.predict(json.dumps({f"canary-{number}": 1}))

    before = counted(workers)
    ask_oddly(0)
    wait_until(lambda: counted(workers) == before + 3, "the workers to publish what they counted")
    first = series()
    for number in range(1, 30):
        ask_oddly(number)
    assert series() == first
    assert "canary" not in str(first)


def test_it_needs_a_key_where_others_do(artifact: Path) -> None:
    digest = hashlib.sha256(b"123").hexdigest()
    with serve(artifact, SERVICE_API_KEYS=digest) as running:
        assert running.request("GET", "/metrics", port=running.metrics_port).status == 401
        running.predict(EXAMPLE)
        mine = {"Authorization": "Bearer 123"}
        answer = running.request("GET", "/metrics", headers=mine, port=running.metrics_port)
        assert answer.status == 200
        assert b'status="401"' in answer.body


def test_an_app_without_gunicorn_has_its_own(client: FlaskClient) -> None:
    client.post("/predict", data=EXAMPLE, content_type="application/json")
    found = client.get("/metrics", environ_overrides=PORT).text
    assert f"{ANSWERED} 1.0" in found


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="the folder is in memory")  # noqa: S108
def test_nothing_is_left_of_them_when_the_service_has_stopped(artifact: Path) -> None:
    memory = Path("/dev/shm")  # noqa: S108
    with serve(artifact) as running:
        [file] = memory.glob(f"slipway-*/counter_{running.process.pid}.db")
    assert not file.parent.exists()
