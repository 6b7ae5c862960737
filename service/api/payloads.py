"""Reads the payload of a request, in any of its forms, as columns.

{"sensor_1": [1, 2], "sensor_2": [1, -1]}                  columns
{"sensor_1": "[1, 2]", "sensor_2": "[1, -1]"}              columns, each a JSON list in a string
{"sensor_1": 1, "sensor_2": 1}                             one row
{"instances": [{"sensor_1": 1, "sensor_2": 1}]}            rows, named
{"instances": [[1, 1]]}                                    rows, in the signature's order
[{"sensor_1": 1, "sensor_2": 1}] or [[1, 1]]               the same
["some text"]                                              values of the only input

If the model has an input `instances`, the last two forms are rows if there is no other key and the
list begins with an object or a list, which is never a value of a column.

sensor_1,sensor_2 and a line for each row                  CSV

A string of an input of text is one text, and no list, unless an input of another kind is a list in
a string.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from service.api import extra_columns, parse
from service.api.csv_values import values_of
from service.api.problems import MAX_ERRORS, Problem, pointer, unknown
from service.model.column_names import matched
from service.model.signature import Input, Signature, takes_strings
from service.settings import ECHO, IGNORE

SPARE_VALUES = 1000
EXTRA_COLUMNS = 100  # at the most rows, if they are ignored; with fewer rows there may be more
INSTANCES = "instances"
ONE_LINE = (
    "the table is one line of more cells than the model has inputs: send its line breaks, too "
    "(curl --data-binary; --data removes them)"
)
FRAME = 'is a DataFrame by columns or by its index: send its rows, df.to_json(orient="records")'
FRAME_KEYS = ({"columns", "index", "data"}, {"schema", "data"})  # with orient="split", "table"
INDEX = ""  # the name that pandas gives to the index in CSV, its first column
SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True)
class Columns:
    """Unchecked values by column name, and a function for the JSON Pointer of a value.

    `extra` are the columns that are no inputs and come back in the answer.
    """

    values: Mapping[str, Sequence[Any]]
    pointer: Callable[[str, int], str] = pointer
    extra: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def payload_limits(
    signature: Signature, max_rows: int, extra_columns: str = ""
) -> parse.PayloadLimits:
    """Limits of more than twice what any form needs, so that a few rows too many get an exact
    error. `extra_columns` is the setting of that name.
    """
    ignore_extra = extra_columns in (IGNORE, ECHO)
    width = len(signature.inputs) + (EXTRA_COLUMNS if ignore_extra else 0)
    return parse.PayloadLimits(
        rows=max_rows,
        values=2 * max_rows * width + SPARE_VALUES,
        containers=2 * (max_rows + width) + SPARE_VALUES,
        lines=2 * max_rows + SPARE_VALUES,
        ignore_extra=ignore_extra,
        echo_extra=extra_columns == ECHO,
    )


def from_json(payload: Any, signature: Signature, limits: parse.PayloadLimits) -> Columns:
    """The columns of a JSON payload; Problem 422 if it has none of the forms, or too many rows."""
    if isinstance(payload, list):
        return from_rows(payload, signature, limits)
    if not isinstance(payload, dict):
        raise _misfit("", f"the body must be an object or a list, like {_form(signature)}")
    if INSTANCES in payload and (INSTANCES not in signature.names or _are_rows(payload)):
        return _from_instances(payload, signature, limits)
    inputs = {column.name: column for column in signature.inputs}
    if _is_frame(payload, inputs):
        raise _misfit("", FRAME)
    others = {}
    if limits.echo_extra:
        others = {name: value for name, value in payload.items() if name not in inputs}
    if limits.ignore_extra:
        payload = {name: value for name, value in payload.items() if name in inputs}
    _check_width(len(payload), signature)
    values = {}
    whole = set()  # names whose value is not a list in the body, so rows have no pointer

    def listed(name: str, value: Any) -> list[Any]:
        if _is_list_in_string(value) and _has_lists_in_strings(payload, inputs):
            value = _list_in_string(name, value, inputs.get(name), limits)
            whole.add(name)
        elif not isinstance(value, list):
            value = [value]
            whole.add(name)
        check_rows(len(value), limits.rows, pointer(name))
        found: list[Any] = value
        return found

    for name, value in payload.items():
        if name not in inputs:
            values[name] = value  # the schema refuses it by its name
        else:
            values[name] = listed(name, value)
    extra = {name: listed(name, value) for name, value in others.items()}
    return Columns(
        values,
        lambda name, row: pointer(name) if name in whole else pointer(name, row),
        extra,
    )


def _is_frame(payload: Mapping[str, Any], names: Collection[str]) -> bool:
    """Whether an object is a DataFrame in another form of `to_json` than a list of rows."""
    known = payload.keys() & set(names)
    if payload.keys() in FRAME_KEYS and not known:
        return True
    is_named = bool(known) or all(map(str.isdigit, payload))
    objects = [one for one in payload.values() if isinstance(one, dict) and one]
    return bool(payload) and is_named and len(objects) == len(payload)


def _form(signature: Signature) -> str:
    """The body of one row, for error messages."""
    shown = [f'"{name}": ...' for name in signature.names[:SHOWN_NAMES]]
    more = ", ..." if len(signature.names) > SHOWN_NAMES else ""
    return f"{{{', '.join(shown)}{more}}}"


def _is_list_in_string(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("[")


def _has_lists_in_strings(payload: Mapping[str, Any], inputs: Mapping[str, Input]) -> bool:
    """Whether an input of another kind than text has a JSON list in a string."""
    return any(
        _is_list_in_string(payload.get(name))
        for name, column in inputs.items()
        if column.kind != "text"
    )


def from_csv(text: str, signature: Signature, limits: parse.PayloadLimits) -> Columns:
    """The columns of a CSV table with a header line; Problem 422 for too many rows."""
    cells, rows = parse.parse_csv(text, limits)
    if not cells:
        raise _misfit("", "the table has no header line")
    header = matched(cells, signature.names)
    inputs = {column.name: column for column in signature.inputs}
    if not rows and header[0] in {INDEX, *inputs} and len(header) > len(inputs) + 1:
        raise _misfit("", ONE_LINE)
    if has_index(header, signature.names):
        header, rows = header[1:], [row[1:] for row in rows]
    left_out = set(header) - inputs.keys() if limits.ignore_extra else set()
    _check_width(sum(name not in left_out for name in header), signature)
    counts = Counter(name for name in header if limits.echo_extra or name not in left_out)
    for name in [name for name, times in counts.items() if times > 1]:
        raise _misfit(pointer(name), "occurs more than once in the header")
    fault = parse.other_separator(header)
    if fault and header[0] not in inputs:
        raise _misfit("", fault)
    check_rows(len(rows), limits.rows, "")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    return Columns(
        {
            name: values_of(cells, inputs.get(name))
            for name, cells in columns.items()
            if name not in left_out
        },
        extra={name: columns[name] for name in columns if name in left_out and limits.echo_extra},
    )


def has_index(header: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the first of several columns has no name, and is not an input without one."""
    return len(header) > 1 and header[0] == INDEX and INDEX not in names


def _list_in_string(
    name: str, text: str, column: Input | None, limits: parse.PayloadLimits
) -> list[Any]:
    or_text = column is None or takes_strings(column)
    try:
        value = parse.parse_json(text, limits)
    except Problem as problem:
        if or_text:
            return [text]
        fault = problem.errors[0]["detail"]
        raise _misfit(pointer(name), f"is a string that is not a JSON list: {fault}") from problem
    listed: list[Any] = value  # it starts with a bracket
    if column and or_text and not all(isinstance(one, str | None) for one in listed):
        return [text]
    return listed


def _are_rows(payload: dict[str, Any]) -> bool:
    """Whether `instances`, which is also the name of an input, has rows instead of a column."""
    values = payload[INSTANCES]
    first = values[0] if isinstance(values, list) and values else None
    return len(payload) == 1 and isinstance(first, dict | list)


def _from_instances(
    payload: dict[str, Any], signature: Signature, limits: parse.PayloadLimits
) -> Columns:
    for name in payload:
        if name != INSTANCES:
            raise _misfit(pointer(name), "no other key is allowed beside instances")
    rows = payload[INSTANCES]
    return from_rows(rows, signature, limits, INSTANCES)


def from_rows(rows: Any, signature: Signature, limits: parse.PayloadLimits, *place: str) -> Columns:
    """The columns of a list of rows, named or in order; Problem 422 if invalid or too long.

    Of a model with one input they may also be its values. `place` are the keys that lead to the
    list in the body.
    """
    if not isinstance(rows, list):
        raise _misfit(pointer(*place), "must be a list of rows")
    check_rows(len(rows), limits.rows, pointer(*place))
    names = signature.names
    if len(names) == 1 and not isinstance(rows[0], dict | list):
        return Columns({names[0]: rows}, lambda _, row: pointer(*place, row))
    if isinstance(rows[0], dict):
        errors = list(islice(_named_errors(rows, names, place, limits.ignore_extra), MAX_ERRORS))
        if not errors:
            return Columns(
                {name: [row[name] for row in rows] for name in names},
                lambda name, row: pointer(*place, row, name),
                extra_columns.of_rows(rows, names, limits) if limits.echo_extra else {},
            )
    else:
        errors = list(islice(_ordered_errors(rows, signature, place), MAX_ERRORS))
        if not errors:
            return Columns(
                {name: [row[i] for row in rows] for i, name in enumerate(names)},
                lambda name, row: pointer(*place, row, names.index(name)),
            )
    raise Problem(422, "the rows do not fit the model", errors)


def _named_errors(
    rows: list[Any], names: Sequence[str], place: Sequence[str], ignore_extra: bool
) -> Iterator[dict[str, str]]:
    expected = set(names)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            yield _error(pointer(*place, number), "is not an object, as the first row is")
        elif row.keys() != expected:
            for name in row:
                if name in expected or ignore_extra:
                    continue
                yield _error(pointer(*place, number, name), unknown(name, names, "input"))
            for name in names:
                if name not in row:
                    yield _error(pointer(*place, number, name), "is missing")


def _ordered_errors(
    rows: list[Any], signature: Signature, place: Sequence[str]
) -> Iterator[dict[str, str]]:
    names = signature.names
    for number, row in enumerate(rows):
        if not isinstance(row, list):
            yield _error(
                pointer(*place, number),
                f"is not a list or an object of values, like {_form(signature)}",
            )
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
