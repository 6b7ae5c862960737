"""What OpenAPI cannot say of our contract, for Schemathesis: how a table is sent, equal lengths."""

import json
from typing import Any

import schemathesis


@schemathesis.serializer("text/csv")
def table(_: Any, value: Any) -> bytes:
    """A table is text already."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_case(_: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leave out requests that are bad for an unknown header alone: HTTP says to ignore it."""
    bad: Any = case.meta.phase.data if case.meta else None
    return bad is None or not (
        bad.parameter_location == "header" and "unexpected properties" in bad.description
    )


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: Any) -> None:
    """Cut the columns of a good request to the shortest; JSON Schema cannot ask for that."""
    body = case.body
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if isinstance(body, dict) and "instances" not in body:
        shortest = min(len(values(column)) for column in body.values())
        case.body = {name: cut(column, shortest) for name, column in body.items()}


def values(column: Any) -> list[Any]:
    """The values of a column in any of its forms."""
    if isinstance(column, str):
        listed: list[Any] = json.loads(column)
        return listed
    return column if isinstance(column, list) else [column]


def cut(column: Any, length: int) -> Any:
    """The first values of a column, in the form that it had."""
    kept = values(column)[:length]
    if len(kept) == len(values(column)):
        return column
    return json.dumps(kept) if isinstance(column, str) else kept
