"""Long columns of numbers are parsed on arrival; the model's own time then selects the thread."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from service.api.parse import LONG_CHARACTERS
from service.model.engines import Column, Engine
from service.model.predictor import Predictor
from service.server.asgi_app import MAX_INLINE_SECONDS
from tests.support.asgi import run
from tests.support.bad_bodies import ANSWER
from tests.support.sharing import JSON, MOST_ROWS, SLOW, Sent, all_at_once, bridged

COLUMNS = {"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]}
ROWS = {"instances": [[1, 1], [2.0, -1], [3, 0]]}


@dataclass(slots=True)
class Watched:
    """An engine that notes which thread computes."""

    engine: Engine
    threads: list[threading.Thread] = field(default_factory=list)

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        self.threads.append(threading.current_thread())
        return self.engine.predict(columns)

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        return self.engine.confidence(columns)


def sent(body: object, query: bytes = b"") -> Sent:
    """A body of a few rows, made long by blanks."""
    return json.dumps(body).encode().ljust(LONG_CHARACTERS), JSON, query


def is_on_the_loop(
    predictor: Predictor, given: Sent, seconds: float = 0.0, rows: int = MOST_ROWS
) -> bool:
    """Who computes three requests at once, of a model that takes so long for any rows."""
    engine = Watched(predictor.engine)
    manifest = replace(predictor.manifest, seconds={"1": seconds, "1000": seconds})
    model = Predictor(manifest, engine)
    app = bridged(model, SLOW, max_body_bytes=len(given[0]) + 1, max_rows=rows)
    exchanges = run(all_at_once(app, [given] * 3))
    for one in exchanges:
        assert one.status == 200
        assert json.loads(one.body)["class"][:3] == json.loads(ANSWER)["class"]
    on_loop = {thread is threading.current_thread() for thread in engine.threads}
    [found] = on_loop
    return found


def test_the_loop_computes_what_is_quick_once_it_is_read(predictor: Predictor) -> None:
    assert is_on_the_loop(predictor, sent(COLUMNS))


def test_a_thread_computes_what_the_model_is_slow_for(predictor: Predictor) -> None:
    assert not is_on_the_loop(predictor, sent(COLUMNS), MAX_INLINE_SECONDS)


@pytest.mark.parametrize(("rows", "is_quick"), [(40_000, True), (60_000, False)])
def test_a_thread_computes_what_takes_long_to_check(
    predictor: Predictor, rows: int, is_quick: bool
) -> None:
    """Each number takes 20 ns besides the model's own time, so 100,000 of them take 2 ms."""
    more = [0] * (rows - 3)
    columns = {"sensor_1": [1, 2.0, 3, *more], "sensor_2": [1, -1, 0, *more]}
    assert is_on_the_loop(predictor, sent(columns), rows=rows) is is_quick


@pytest.mark.parametrize(
    "given", [sent(ROWS), sent(COLUMNS, b"probabilities=true")], ids=["rows", "query"]
)
def test_a_thread_reads_what_is_not_plain(predictor: Predictor, given: Sent) -> None:
    assert not is_on_the_loop(predictor, given)


def test_a_thread_reads_a_body_of_more_than_a_megabyte(predictor: Predictor) -> None:
    body, kind, query = sent(COLUMNS)
    assert is_on_the_loop(predictor, (body.ljust(2**20), kind, query))
    assert not is_on_the_loop(predictor, (body.ljust(2**20 + 1), kind, query))


def test_what_is_wrong_with_it_is_reported_as_always(predictor: Predictor) -> None:
    wrong = [{**COLUMNS, "sensor_2": [1, 2]}, {name: [1] * (MOST_ROWS + 1) for name in COLUMNS}]
    bodies = [json.dumps(one).encode() for one in wrong]
    short = run(all_at_once(bridged(predictor), [(body, JSON, b"") for body in bodies]))
    long = run(
        all_at_once(
            bridged(predictor), [(body.ljust(LONG_CHARACTERS), JSON, b"") for body in bodies]
        )
    )
    assert [one.status for one in long] == [422, 422]
    assert [one.body for one in long] == [one.body for one in short]
