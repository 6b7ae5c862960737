"""Reads the payload of a request, in any of its forms, as columns.

{"sensor_1": [1, 2], "sensor_2": [1, -1]}                  columns
{"sensor_1": "[1, 2]", "sensor_2": "[1, -1]"}              columns, each a JSON list in a string
{"sensor_1": 1, "sensor_2": 1}                             one row
{"instances": [{"sensor_1": 1, "sensor_2": 1}]}            rows, named
{"instances": [[1, 1]]}                                    rows, in the signature's order

If the model has an input `instances`, the last two forms are rows if there is no other key and the
list begins with an object or a list, which is never a value of a column.

sensor_1,sensor_2 and a line for each row                  CSV
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from service.api import parse
from service.api.csv_values import values_of
from service.api.problems import MAX_ERRORS, Problem, pointer, unknown
from service.model.column_names import matched
from service.model.signature import Signature, takes_strings

SPARE_VALUES = 1000
INSTANCES = "instances"


@dataclass(frozen=True, slots=True)
class Columns:
    """Unchecked values by column name, and a function for the JSON Pointer of a value."""

    values: Mapping[str, Sequence[Any]]
    pointer: Callable[[str, int], str] = pointer


def payload_limits(signature: Signature, max_rows: int) -> parse.PayloadLimits:
    """Limits of more than twice what any form needs, so that a few rows too many get an exact
    error."""
    width = len(signature.inputs)
    return parse.PayloadLimits(
        rows=max_rows,
        values=2 * max_rows * width + SPARE_VALUES,
        containers=2 * (max_rows + width) + SPARE_VALUES,
        lines=2 * max_rows + SPARE_VALUES,
    )


def from_json(payload: Any, signature: Signature, limits: parse.PayloadLimits) -> Columns:
    """The columns of a JSON payload; Problem 422 if it has none of the forms, or too many rows."""
    if not isinstance(payload, dict):
        raise _misfit("", "the body must be an object of columns, or of instances")
    if INSTANCES in payload and (INSTANCES not in signature.names or _are_rows(payload)):
        return _from_instances(payload, signature, limits.rows)
    _check_width(len(payload), signature)
    values = {}
    whole = set()  # names whose value is not a list in the body, so rows have no pointer
    inputs = {column.name: column for column in signature.inputs}
    for name, value in payload.items():
        if name not in inputs:
            values[name] = value  # the schema refuses it by its name
            continue
        if isinstance(value, str) and value.lstrip().startswith("["):
            or_text = takes_strings(inputs[name])
            value = _list_in_string(name, value, or_text, limits)
            whole.add(name)
        elif not isinstance(value, list):
            value = [value]
            whole.add(name)
        check_rows(len(value), limits.rows, pointer(name))
        values[name] = value
    return Columns(values, lambda name, row: pointer(name) if name in whole else pointer(name, row))


def from_csv(text: str, signature: Signature, limits: parse.PayloadLimits) -> Columns:
    """The columns of a CSV table with a header line; Problem 422 for too many rows."""
    cells, rows = parse.parse_csv(text, limits)
    if not cells:
        raise _misfit("", "the table has no header line")
    _check_width(len(cells), signature)
    header = matched(cells, signature.names)
    name, times = Counter(header).most_common(1)[0]
    if times > 1:
        raise _misfit(pointer(name), "occurs more than once in the header")
    inputs = {column.name: column for column in signature.inputs}
    fault = parse.other_separator(header)
    if fault and header[0] not in inputs:
        raise _misfit("", fault)
    check_rows(len(rows), limits.rows, "")
    columns = zip(*rows, strict=True)
    return Columns(
        {
            name: values_of(cells, inputs.get(name))
            for name, cells in zip(header, columns, strict=True)
        }
    )


def _list_in_string(name: str, text: str, or_text: bool, limits: parse.PayloadLimits) -> list[Any]:
    try:
        value = parse.parse_json(text, limits)
    except Problem as problem:
        if or_text:
            return [text]
        fault = problem.errors[0]["detail"]
        raise _misfit(pointer(name), f"is a string that is not a JSON list: {fault}") from problem
    listed: list[Any] = value  # it starts with a bracket
    if or_text and not all(isinstance(one, str | None) for one in listed):
        return [text]
    return listed


def _are_rows(payload: dict[str, Any]) -> bool:
    """Whether `instances`, which is also the name of an input, has rows instead of a column."""
    values = payload[INSTANCES]
    first = values[0] if isinstance(values, list) and values else None
    return len(payload) == 1 and isinstance(first, dict | list)


def _from_instances(payload: dict[str, Any], signature: Signature, max_rows: int) -> Columns:
    for name in payload:
        if name != INSTANCES:
            raise _misfit(pointer(name), "no other key is allowed beside instances")
    return from_rows(payload[INSTANCES], signature, max_rows, INSTANCES)


def from_rows(rows: Any, signature: Signature, max_rows: int, *place: str) -> Columns:
    """The columns of a list of rows, named or in order; Problem 422 if invalid or too long.

    `place` are the keys that lead to the list in the body.
    """
    if not isinstance(rows, list):
        raise _misfit(pointer(*place), "must be a list of rows")
    check_rows(len(rows), max_rows, pointer(*place))
    names = signature.names
    if isinstance(rows[0], dict):
        errors = list(islice(_named_errors(rows, names, place), MAX_ERRORS))
        if not errors:
            return Columns(
                {name: [row[name] for row in rows] for name in names},
                lambda name, row: pointer(*place, row, name),
            )
    else:
        errors = list(islice(_ordered_errors(rows, names, place), MAX_ERRORS))
        if not errors:
            return Columns(
                {name: [row[i] for row in rows] for i, name in enumerate(names)},
                lambda name, row: pointer(*place, row, names.index(name)),
            )
    raise Problem(422, "the rows do not fit the model", errors)


def _named_errors(
    rows: list[Any], names: Sequence[str], place: Sequence[str]
) -> Iterator[dict[str, str]]:
    expected = set(names)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            yield _error(pointer(*place, number), "is not an object, as the first row is")
        elif row.keys() != expected:
            for name in row:
                if name in expected:
                    continue
                yield _error(pointer(*place, number, name), unknown(name, names, "input"))
            for name in names:
                if name not in row:
                    yield _error(pointer(*place, number, name), "is missing")


def _ordered_errors(
    rows: list[Any], names: Sequence[str], place: Sequence[str]
) -> Iterator[dict[str, str]]:
    for number, row in enumerate(rows):
        if not isinstance(row, list):
            yield _error(pointer(*place, number), "is not a list or an object of values")
        elif len(row) != len(names):
            fault = f"has {len(row)} values, the model takes {len(names)}: {', '.join(names)}"
            yield _error(pointer(*place, number), fault)


def _check_width(names: int, signature: Signature) -> None:
    inputs = len(signature.inputs)
    if names > inputs + MAX_ERRORS:  # one error message could not list them all
        raise _misfit("", f"there are {names} names, the model takes {inputs}")


def check_rows(rows: int, max_rows: int, place: str) -> None:
    """Raise Problem 422 for no rows, or too many."""
    if rows > max_rows:
        raise _misfit(place, f"has {rows} rows, one request may have {max_rows}")
    if rows == 0:
        raise _misfit(place, "there are no rows")


def _error(place: str, detail: str) -> dict[str, str]:
    return {"pointer": place, "detail": detail}


def _misfit(place: str, detail: str) -> Problem:
    return Problem(422, "the input does not fit the model", [_error(place, detail)])
