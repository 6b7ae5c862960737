"""Whatever is sent at once, each request gets what it gets alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.parse import LONG_CHARACTERS
from service.model.engines import Column, Engine
from service.model.predictor import Predictor
from tests.support.asgi import run
from tests.support.packed import accepted, columns_of, packed, rows_of
from tests.support.sharing import CSV, JSON, QUICK, SLOW, Sent, all_at_once, bridged, one_by_one

MODELS = ["support vector regression", "text", "native categories"]


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
        long = (json.dumps(columns).encode().ljust(LONG_CHARACTERS), JSON, b"")
        others = [whole, long, (b"a,b\n1,2\n", CSV, b""), (b"{", JSON, b""), (b"\xff", JSON, b"")]
        return st.sampled_from([*((body, JSON, b"") for body in plain), *others])

    return rows_of(name, accepted).flatmap(forms)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("seconds", [QUICK, SLOW])
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_gets_exactly_what_it_gets_alone(
    name: str, seconds: float, data: st.DataObject
) -> None:
    sent = data.draw(st.lists(bodies(name), min_size=2, max_size=8))
    _, predictor, _ = packed(name)
    bridge = bridged(Predictor(predictor.manifest, Moody(predictor.engine)), seconds)
    alone = run(one_by_one(bridge, sent))
    together = run(all_at_once(bridge, sent))
    assert [one.sent for one in together] == [one.sent for one in alone]
    assert sum(len(one.sent) for one in together) == 2 * len(sent)
