"""Rows that the models were fitted on, as JSON has them, and the responses of /predict."""

import json
from typing import Any

from tests.clients.conftest import MODELS
from tests.support.packed import packed
from tests.support.serving import Server

MANY = 50


def rows_of(name: str) -> tuple[list[str], list[list[Any]]]:
    """Names of the inputs, and rows; null for what is missing."""
    table = packed(MODELS[name])[0].rows
    table = table[:: len(table) // MANY]  # of all classes
    rows = zip(*(table[column].tolist() for column in table), strict=True)
    known = [[None if value != value else value for value in row] for row in rows]
    return list(map(str, table)), known


def predicted(server: Server, rows: list[list[Any]], query: str = "") -> dict[str, Any]:
    """The answer of /predict."""
    answer = server.predict(json.dumps({"instances": rows}), query=query)
    assert answer.status == 200, answer
    found: dict[str, Any] = json.loads(answer.body)
    return found
