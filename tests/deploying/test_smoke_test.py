"""The prediction that a deployed service is tried with: what counts as the known answer."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ecs import smoke_test
from ecs.errors import FailedError
from tests.support.serving import Server, free_port, serve


def manifest(**outputs: list[Any]) -> dict[str, Any]:
    inputs = {"sensor_1": [1, 2.0, 3, 9], "sensor_2": [1, -1, 0, 9]}
    return {"golden": {"inputs": inputs, "outputs": outputs}}


def test_the_first_rows_are_sent_and_their_answers_compared(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    known = manifest(**{"class": [0.0, 1.0, 1.0, 7.0]})
    assert json.loads(smoke_test.check_prediction(url, known, None) or "") == {
        "class": [0.0, 1.0, 1.0]
    }


@pytest.mark.parametrize(
    ("answer", "golden"),
    [
        ([0.1], [0.2]),
        (["yes"], ["no"]),
        ([1.0], [1.0, 2.0]),
        ([[0.5, 0.5]], [[0.4, 0.6]]),
        ([None], ["no"]),
    ],
)
def test_another_answer_is_another(answer: list[Any], golden: list[Any]) -> None:
    assert not smoke_test._equal(answer, golden)
    assert smoke_test._equal(golden, golden)


def test_another_processor_may_round_another_way() -> None:
    assert smoke_test._equal([[0.33333334, 0.66666666]], [[0.3333333, 0.6666667]])


def test_what_answers_something_else_fails(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{server.port}"
    with pytest.raises(FailedError, match="predict responds with something else"):
        smoke_test.check_prediction(url, manifest(another=[0.0]), None)
    with pytest.raises(FailedError, match="predict responds with 422: .*sensor_1"):
        smoke_test.check_prediction(
            url, {"golden": {"inputs": {"sensor_2": [1]}, "outputs": {}}}, None
        )
    monkeypatch.setattr(smoke_test, "HEALTHY_SECONDS", 0.0)
    with pytest.raises(FailedError, match="Does the name point to the load balancer"):
        smoke_test.wait_until_healthy(f"http://127.0.0.1:{free_port()}")


def test_a_key_is_sent_and_its_absence_is_no_failure(artifact: Path) -> None:
    digest = hashlib.sha256(b"a key").hexdigest()
    known = manifest(**{"class": [0.0, 1.0, 1.0, 7.0]})
    with serve(artifact, SERVICE_API_KEYS=digest) as keyed:
        url = f"http://127.0.0.1:{keyed.port}"
        smoke_test.wait_until_healthy(url)
        assert smoke_test.check_prediction(url, known, None) is None
        assert smoke_test.check_prediction(url, known, "a key") is not None
        with pytest.raises(FailedError, match="predict responds with 401"):
            smoke_test.check_prediction(url, known, "another key")
