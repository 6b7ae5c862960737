"""Requests that share a call of the model: each gets exactly what it gets alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.model.engines import Column, Engine
from service.model.predictor import Predictor
from service.scheduling.inline_batcher import MIN_COMPUTE_SECONDS
from tests.support.asgi import run
from tests.support.sharing import CSV, JSON, MOST_ROWS, QUICK, Sent, all_at_once, bridged

GOOD = b'{"sensor_1": [1, 2, 3], "sensor_2": [1, -1, 0]}'
EACH = b'{"class": [0.0, 1.0, 1.0]}'


@dataclass(slots=True)
class Counting:
    """An engine that records the number of rows of each call; `change` alters its predictions."""

    engine: Engine
    change: Callable[[list[Column]], list[Column]] = list
    calls: list[int] = field(default_factory=list)

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        self.calls.append(len(columns[0]))
        return self.change(self.engine.predict(columns))

    confidence = predict


def counted(predictor: Predictor, sent: Sequence[Sent]) -> list[int]:
    """The rows of each call that so many requests at once lead to, all of which are answered."""
    engine = Counting(predictor.engine)
    answers = run(all_at_once(bridged(Predictor(predictor.manifest, engine)), sent))
    assert {one.status for one in answers} == {200}
    return engine.calls


def test_the_first_runs_alone_and_queued_ones_share_a_call(predictor: Predictor) -> None:
    assert counted(predictor, [(GOOD, JSON, b"")] * 4) == [3, 9]


def test_quick_ones_share_once_there_is_a_line(predictor: Predictor) -> None:
    def slowly(found: list[Column]) -> list[Column]:
        time.sleep(MIN_COMPUTE_SECONDS)  # so that only the first goes at once
        return found

    engine = Counting(predictor.engine, slowly)
    bridge = bridged(Predictor(predictor.manifest, engine), QUICK)
    answers = run(all_at_once(bridge, [(GOOD, JSON, b"")] * 4))
    assert [one.body for one in answers] == [EACH] * 4
    assert engine.calls == [3, 9]


def test_together_they_have_no_more_rows_than_one_may_have(predictor: Predictor) -> None:
    calls = counted(predictor, [(GOOD, JSON, b"")] * 6)
    assert max(calls) <= MOST_ROWS
    assert sum(calls) == 18


def test_only_plain_predictions_share(predictor: Predictor) -> None:
    plain, query = (GOOD, JSON, b""), (GOOD, JSON, b"probabilities=false")
    table = (b"sensor_1,sensor_2\n1,1\n2,-1\n3,0\n", CSV, b"")
    assert counted(predictor, [plain, query, table, plain, query]) == [3, 3, 3, 3, 3]
    assert counted(predictor, [plain, plain, query, plain]) == [3, 6, 3]


def test_a_model_that_returns_another_number_of_values_is_called_for_each_request(
    predictor: Predictor,
) -> None:
    def spoil(found: list[Column]) -> list[Column]:
        return [values[:3] for values in found]

    engine = Counting(predictor.engine, spoil)
    bridge = bridged(Predictor(predictor.manifest, engine))
    answers = run(all_at_once(bridge, [(GOOD, JSON, b"")] * 3))
    assert [one.body for one in answers] == [EACH] * 3


def test_no_request_gets_the_error_of_another(predictor: Predictor) -> None:
    def refuse_many(found: list[Column]) -> list[Column]:
        if len(found[0]) != 3:
            raise ValueError("one of these rows")
        return found

    engine = Counting(predictor.engine, refuse_many)
    bad = b'{"sensor_1": 1, "sensor_2": 1}'
    sent = [(body, JSON, b"") for body in (GOOD, GOOD, bad, GOOD)]
    answers = run(all_at_once(bridged(Predictor(predictor.manifest, engine)), sent))
    assert [one.status for one in answers] == [200, 200, 422, 200]
    assert {one.body for one in answers if one.status == 200} == {EACH}


def test_each_has_its_own_line_in_the_log_with_the_time_of_the_shared_call(
    predictor: Predictor, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    one = b'{"sensor_1": 1, "sensor_2": 1}'
    run(all_at_once(bridged(predictor), [(GOOD, JSON, b""), (one, JSON, b""), (GOOD, JSON, b"")]))
    _, second, third = lines()
    assert [second["request_id"], third["request_id"]] == ["id-1", "id-2"]
    assert [second["rows"], third["rows"]] == [1, 3]
    assert second["predict_ms"] == third["predict_ms"] > 0
