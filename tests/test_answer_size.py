"""An answer has at most `SERVICE_MAX_ANSWER_VALUES` values, counted before the model predicts."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.api.details import AnswerSize
from service.api.problems import Problem
from service.api.request_state import KEY, RequestState
from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.lambda_events import ADDRESS
from tests.support.packed import packed
from tests.support.problems import assert_problem
from tests.test_top import FLOWERS, IRIS, MACHINES, SEVERAL, infer

ALL = ("lambda", "oip", "sagemaker", "mlflow")
SCORES = "support vectors without probabilities"
PAIRS = "several outputs"


def client_of(name: str, most_values: int, *protocols: str) -> FlaskClient:
    settings = Settings(max_answer_values=most_values, protocols=protocols or ("none",))
    return create_app(settings, packed(name)[1]).test_client()


def detail(answer: Any) -> str:
    """The detail of a refusal."""
    reply: str = assert_problem(422, answer.content_type, answer.data)["detail"]
    return reply


@pytest.mark.parametrize(
    ("name", "rows", "query", "values"),
    [
        (IRIS, FLOWERS, "", 3),
        (IRIS, FLOWERS, "?probabilities=true", 9),
        (IRIS, FLOWERS, "?top=1", 6),
        (IRIS, FLOWERS, "?top=99", 18),
        (SCORES, FLOWERS, "?scores=true", 9),
        (SEVERAL, MACHINES, "", 4),
        (PAIRS, [[1.0, 2.0, 3.0]] * 2, "", 6),
        ("several labels", FLOWERS, "?probabilities=true", 6),
    ],
)
def test_the_values_of_an_answer_are_counted(
    name: str, rows: list[list[float]], query: str, values: int
) -> None:
    enough, less = client_of(name, values), client_of(name, values - 1)
    assert enough.post(f"/predict{query}", json={"instances": rows}).status_code == 200
    answer = detail(less.post(f"/predict{query}", json={"instances": rows}))
    assert f"would have {values} values" in answer
    assert f"at most {values - 1} are allowed" in answer


def test_the_refusal_has_advice() -> None:
    asked = {"instances": FLOWERS}
    answer = client_of(IRIS, 8).post("/predict?probabilities=true", json=asked)
    assert detail(answer) == (
        "the answer would have 9 values, 3 for each of 3 rows; at most 8 are allowed: send at most "
        "2 rows in a request, or ask for the K most probable labels of each row with top=K"
    )
    answer = client_of(PAIRS, 2).post("/predict", json={"instances": [[1.0, 2.0, 3.0]]})
    assert detail(answer) == (
        "the answer would have 3 values, 3 for each of 1 rows; at most 2 are allowed"
    )


def test_the_model_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(IRIS, 8)
    asked = []
    monkeypatch.setattr(Predictor, "_answer", lambda *given: asked.append(given))
    for query in ("?probabilities=true", "?top=2"):
        answer = client.post(f"/predict{query}", json={"instances": FLOWERS})
        assert (answer.status_code, asked) == (422, [])


def test_requests_that_share_a_call_are_counted_each_for_itself() -> None:
    app = create_app(Settings(max_answer_values=2), packed("sensors")[1])
    rows = [{"sensor_1": [1] * count, "sensor_2": [1] * count} for count in (2, 3, 1)]
    states = [RequestState(body=json.dumps(one).encode()) for one in rows]
    assert app.fast_path
    app.fast_path.predict_batch([{KEY: state} for state in states])
    reply = [json.loads(state.answer) for state in states if state.answer]
    assert [len(one["prediction"]) for one in reply] == [2, 1]
    error = states[1].error
    assert isinstance(error, Problem)
    assert error.code == 422


def ask_v2(client: FlaskClient, *outputs: str, **more: Any) -> Any:
    return infer(client, FLOWERS, list(outputs), **more)


def test_the_open_inference_protocol_counts_each_tensor() -> None:
    """Two names of one tensor are twice its values."""
    both = ("probabilities", "predict_proba")
    for outputs, values in (((both[0],), 9), (both, 18), (("predict", "output-0"), 6)):
        assert ask_v2(client_of(IRIS, values, *ALL), *outputs).status_code == 200
        refused = ask_v2(client_of(IRIS, values - 1, *ALL), *outputs)
        assert refused.status_code == 400
        assert f"would have {values} values" in json.loads(refused.data)["error"]
    ranked = ("top.labels", "top.probabilities")
    assert ask_v2(client_of(IRIS, 12, *ALL), *ranked, parameters={"top": 2}).status_code == 200
    assert ask_v2(client_of(IRIS, 11, *ALL), *ranked, parameters={"top": 2}).status_code == 400
    assert ask_v2(client_of(IRIS, 18, *ALL), *ranked, parameters={"top": 9}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/models/x:predict", {"instances": FLOWERS}, 400),
        ("/invocations", {"inputs": FLOWERS}, 400),
        ("/invocations", {"inputs": FLOWERS[:1], "params": {"probabilities": True}}, 400),
        ("/invocations", FLOWERS, 422),
        ("/endpoints/x/invocations", FLOWERS, 422),
    ],
)
def test_every_protocol_has_the_bound(path: str, body: Any, status: int) -> None:
    assert client_of(IRIS, 3, *ALL).post(path, json=body).status_code == 200
    refused = client_of(IRIS, 2, *ALL).post(path, json=body)
    assert refused.status_code == status
    assert "would have 3 values" in refused.data.decode()


def test_lambda_gets_it_as_an_error_of_the_function() -> None:
    columns = dict(zip(packed(IRIS)[1].signature.names, zip(*FLOWERS, strict=True), strict=True))
    answer = client_of(IRIS, 2, "lambda").post(ADDRESS, data=json.dumps(columns)).json
    assert answer is not None
    assert "would have 3 values" in answer["errorMessage"]
    assert client_of(IRIS, 3, "lambda").post(ADDRESS, data=json.dumps(columns)).json == (
        client_of(IRIS, 3).post("/predict", json=columns).json
    )


def is_full() -> bool:
    """The responses while unread answers fill the memory for them."""
    return True


MANY = FLOWERS * 300  # their probabilities may take more than 65,536 bytes


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict?probabilities=true", {"instances": MANY}),
        ("/predict", {"instances": FLOWERS * 1000}),
        ("/invocations", {"inputs": MANY, "params": {"probabilities": True}}),
        ("/endpoints/x/invocations", {"instances": FLOWERS * 1000}),
        ("/v1/models/x:predict", {"instances": FLOWERS * 1000}),
    ],
)
def test_a_long_answer_is_refused_while_others_are_not_read(path: str, body: Any) -> None:
    client = client_of(IRIS, 10_000, *ALL)
    assert client.post(path, json=body).status_code == 200
    refused = client.post(path, json=body, environ_overrides={KEY: RequestState(is_full=is_full)})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] in ("1", "2", "3")
    assert "too many long answers are waiting for slow clients" in refused.text


def test_a_short_answer_is_not() -> None:
    client = client_of(IRIS, 10_000)
    for query in ("", "?probabilities=true", "?top=2"):
        asked = {"instances": FLOWERS}
        answer = client.post(
            f"/predict{query}", json=asked, environ_overrides={KEY: RequestState(is_full=is_full)}
        )
        assert answer.status_code == 200


def test_texts_of_labels_count_by_their_length() -> None:
    manifest = packed(IRIS)[1].manifest
    [output] = manifest.signature.outputs
    long = replace(output, labels=("x" * 1000, *(output.labels or ())[1:]))
    signature = replace(manifest.signature, outputs=(long,))
    size = AnswerSize(replace(manifest, signature=signature), 10_000)
    size.check(RequestState(rows=65, is_full=is_full), 1)
    with pytest.raises(Problem, match="waiting for slow clients"):
        size.check(RequestState(rows=66, is_full=is_full), 1)
