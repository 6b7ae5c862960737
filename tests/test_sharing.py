"""Requests that share a call of the model: each gets exactly what it gets alone."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.model.engines import Column, Engine
from service.model.predictor import Predictor
from service.operations.access import Keys
from service.operations.bridge import Bridge
from service.operations.drain import Drain
from service.operations.envelope import Seal
from service.operations.shed import Shed
from service.settings import Settings
from tests.asgi import Exchange, run, scope
from tests.packed import accepted, columns_of, packed, rows_of

MOST_ROWS = 9
JSON, CSV = "application/json", "text/csv"
MODELS = ["support vector regression", "text", "native categories"]
Sent = tuple[bytes, str, bytes]  # body, its type, query


@dataclass(slots=True)
class Moody:
    """An engine that has no answer for some values of the first column, for a reason of each."""

    engine: Engine
    calls: list[int] = field(default_factory=list)

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        self.calls.append(len(columns[0]))
        moods = [crc32(repr(value).encode()) % 12 for value in columns[0].tolist()]
        if 0 in moods:
            raise ValueError("a row that the model refuses")
        if 1 in moods:
            raise MemoryError("a row that the model dies of")
        found = self.engine.predict(columns)
        if found[0].dtype.kind == "f":
            found[0][[mood == 2 for mood in moods]] = np.inf
        return found

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        return self.engine.confidence(columns)


def bridged(predictor: Predictor) -> Bridge:
    """A real bridge to the real app, for which every prediction is slow."""
    own = Settings(max_rows=MOST_ROWS, queue_ms=10_000, deadline_ms=10_000)
    seal = Seal.of(predictor.manifest)
    app = create_app(own, predictor, seal=seal)
    return Bridge(
        app,
        own,
        Drain(0),
        Shed(Keys(()), seal),
        expected_seconds=lambda size: 1.0,
        warm_up=bool,
        sharing=app.sharing,
    )


async def ask(bridge: Bridge, sent: Sent, number: int) -> Exchange:
    body, kind, query = sent
    exchange = Exchange([body])
    fields = [("content-type", kind), ("content-length", str(len(body)))]
    head = scope([*fields, ("x-request-id", f"id-{number}")], query=query)
    await bridge(head, exchange.receive, exchange.send)
    return exchange


async def all_at_once(bridge: Bridge, sent: Sequence[Sent]) -> list[Exchange]:
    asked = (ask(bridge, one, number) for number, one in enumerate(sent))
    return list(await asyncio.gather(*asked))


async def one_by_one(bridge: Bridge, sent: Sequence[Sent]) -> list[Exchange]:
    return [await ask(bridge, one, number) for number, one in enumerate(sent)]


def bodies(name: str) -> st.SearchStrategy[Sent]:
    """Mostly good rows, in any form; now and then what is refused, or goes in alone."""

    def forms(rows: list[tuple[Any, ...]]) -> st.SearchStrategy[Sent]:
        columns = columns_of(name, rows)
        short = {name: values[1:] for name, values in columns.items()}
        first = next(iter(columns))
        good = [columns, {"instances": rows}, columns, {"instances": rows}]
        bad = [short, {first: columns[first], "canary": 1}, {**columns, first: [{}]}, rows]
        plain = [json.dumps(one).encode() for one in (*good, *bad)]
        whole = (json.dumps(columns).encode(), JSON, b"probabilities=false")
        others = [whole, (b"a,b\n1,2\n", CSV, b""), (b"{", JSON, b""), (b"\xff", JSON, b"")]
        return st.sampled_from([*((body, JSON, b"") for body in plain), *others])

    return rows_of(name, accepted).flatmap(forms)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_gets_exactly_what_it_gets_alone(name: str, data: st.DataObject) -> None:
    sent = data.draw(st.lists(bodies(name), min_size=2, max_size=8))
    _, predictor, _ = packed(name)
    bridge = bridged(Predictor(predictor.manifest, Moody(predictor._engine)))
    alone = run(one_by_one(bridge, sent))
    together = run(all_at_once(bridge, sent))
    assert [one.sent for one in together] == [one.sent for one in alone]
    assert sum(len(one.sent) for one in together) == 2 * len(sent)


GOOD = b'{"sensor_1": [1, 2, 3], "sensor_2": [1, -1, 0]}'
EACH = b'{"class": [0.0, 1.0, 1.0]}'


@dataclass(slots=True)
class Counting:
    """An engine that notes how many rows it is asked for; `change` spoils its answer."""

    engine: Engine
    change: Callable[[list[Column]], list[Column]] = list
    calls: list[int] = field(default_factory=list)

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        self.calls.append(len(columns[0]))
        return self.change(self.engine.predict(columns))

    confidence = predict


def counted(predictor: Predictor, sent: Sequence[Sent]) -> list[int]:
    """The rows of each call that so many requests at once lead to, all of which are answered."""
    engine = Counting(predictor._engine)
    answers = run(all_at_once(bridged(Predictor(predictor.manifest, engine)), sent))
    assert {one.status for one in answers} == {200}
    return engine.calls


def test_the_first_goes_in_alone_and_those_who_wait_share_a_call(predictor: Predictor) -> None:
    assert counted(predictor, [(GOOD, JSON, b"")] * 4) == [3, 9]


def test_together_they_have_no_more_rows_than_one_may_have(predictor: Predictor) -> None:
    calls = counted(predictor, [(GOOD, JSON, b"")] * 6)
    assert max(calls) <= MOST_ROWS
    assert sum(calls) == 18


def test_only_plain_predictions_share(predictor: Predictor) -> None:
    plain, query = (GOOD, JSON, b""), (GOOD, JSON, b"probabilities=false")
    table = (b"sensor_1,sensor_2\n1,1\n2,-1\n3,0\n", CSV, b"")
    assert counted(predictor, [plain, query, table, plain, query]) == [3, 3, 3, 3, 3]
    assert counted(predictor, [plain, plain, query, plain]) == [3, 6, 3]


def test_a_model_that_gives_another_number_of_values_is_asked_for_each(
    predictor: Predictor,
) -> None:
    def spoil(found: list[Column]) -> list[Column]:
        return [values[:3] for values in found]

    engine = Counting(predictor._engine, spoil)
    bridge = bridged(Predictor(predictor.manifest, engine))
    answers = run(all_at_once(bridge, [(GOOD, JSON, b"")] * 3))
    assert [one.body for one in answers] == [EACH] * 3


def test_nobody_gets_the_error_of_another(predictor: Predictor) -> None:
    def refuse_many(found: list[Column]) -> list[Column]:
        if len(found[0]) != 3:
            raise ValueError("one of these rows")
        return found

    engine = Counting(predictor._engine, refuse_many)
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
