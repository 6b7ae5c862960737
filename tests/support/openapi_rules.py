"""Rules that OpenAPI cannot express, for Schemathesis: equal lengths, lists, tables, integers.

It runs in the folder with `openapi.json`.
"""

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import schemathesis

FILE = Path("openapi.json")
DESCRIBED: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
SCHEMAS = DESCRIBED.get("components", {}).get("schemas", {})
BODY = DESCRIBED["paths"]["/predict"]["post"]["requestBody"]["content"] if DESCRIBED else {}
COLUMNS = SCHEMAS.get("columns", {}).get("properties", {})
NEAR_A_BOUND = ("Value greater than maximum", "Value smaller than minimum", "Value less than")


def cell(schema: dict[str, Any], chance: Random) -> Any:
    """A cell of a table that is a value of this schema."""
    kinds = schema.get("type", [])
    found = list(schema.get("enum", []))
    if "number" in kinds:
        found += [schema["minimum"], schema["maximum"], 0.0, -0.0, 1e-9, chance.uniform(-9, 9)]
    if "integer" in kinds:
        found += [int(schema["minimum"]), int(schema["maximum"]), 0, chance.randint(-99, 99)]
    found += [True, False] if "boolean" in kinds else []
    found += ["é", "a,b", '"', "[1]", "two\nlines", " "] if "string" in kinds else []
    found += [None] if "null" in kinds else []
    return chance.choice(found)


def a_table(seed: str) -> str:
    """CSV that the service must accept, with columns in any order."""
    chance = Random(seed)  # noqa: S311
    inputs = [SCHEMAS[f"input-{place}"] for place in range(len(COLUMNS))]
    chance.shuffle(inputs)
    text = io.StringIO()
    writer = csv.writer(text, quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer.writerow([one["title"] for one in inputs])
    for _ in range(chance.randint(1, 4)):
        writer.writerow([cell(one, chance) for one in inputs])
    return text.getvalue()


@schemathesis.serializer("text/csv")
def table(_: Any, value: Any) -> bytes:
    """A table is text already."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_case(_: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leave out requests whose only fault is an unknown header, which HTTP requires to ignore, or a
    number that exceeds its bound only in exact arithmetic."""
    bad: Any = case.meta.phase.data if case.meta else None
    if bad is None:
        return True
    answer = str(bad.description)
    unknown = bad.parameter_location == "header" and "unexpected properties" in answer
    return not unknown and not any(beyond in answer for beyond in NEAR_A_BOUND)


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: Any) -> None:
    """Change a valid request so that it also meets the rules that JSON Schema cannot express."""
    body = case.body
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.media_type == "text/csv":
        case.body = a_table(str(body))
    else:
        case.body = body = without_points(body)
    if isinstance(body, dict) and body.keys() == COLUMNS.keys():
        body = {name: listed(name, column) for name, column in body.items()}
        shortest = min(len(values(column)) for column in body.values())
        case.body = {name: cut(column, shortest) for name, column in body.items()}


def without_points(body: Any) -> Any:
    """The same numbers; integers that a decimal may have rounded are written as integers.

    JSON Schema does not distinguish the two.
    """
    if isinstance(body, dict):
        return {name: without_points(value) for name, value in body.items()}
    if isinstance(body, list):
        return [without_points(value) for value in body]
    if isinstance(body, float) and 2**53 <= abs(body) < 2**63:
        return int(body)
    return body


def listed(name: str, column: Any) -> Any:
    """A column; a string in brackets is replaced by one that holds a list of the example."""
    takes_lists = any("pattern" in form for form in COLUMNS[name]["anyOf"])
    if takes_lists and isinstance(column, str) and column.lstrip().startswith("["):
        example: list[Any] = BODY["application/json"]["examples"]["columns"]["value"][name]
        return json.dumps(example)
    return column


def values(column: Any) -> list[Any]:
    """The values of a column in any of its forms."""
    if isinstance(column, str) and column.startswith("["):
        try:
            found: list[Any] = json.loads(column)
        except ValueError:
            return [column]
        return found
    return column if isinstance(column, list) else [column]


def cut(column: Any, length: int) -> Any:
    """The first values of a column, in the form that it had."""
    kept = values(column)[:length]
    if len(kept) == len(values(column)):
        return column
    return json.dumps(kept) if isinstance(column, str) else kept
