"""MLflow's scoring server: bodies are one of four forms of JSON, or a CSV table with a header.

Formats: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ and, to the byte,
`mlflow/pyfunc/scoring_server/__init__.py`.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, compress, islice
from typing import Any

import orjson
from flask import Blueprint, Request, Response
from werkzeug.exceptions import HTTPException

from service.api import body, parse, payloads, positional_rows, problems
from service.api.body import CSV, JSON
from service.api.details import PREDICTIONS, TOP, Details, read_top
from service.api.parse import PayloadLimits
from service.api.payloads import Columns
from service.api.predict import PARAMETERS
from service.api.prediction_service import PredictionService
from service.api.problems import MAX_ERRORS, Problem, likely, pointer, unknown
from service.model.signature import Signature
from service.protocols import invocations, lossless
from service.protocols.protocol import Invocations, Protocol, ProtocolContext

SPLIT, RECORDS, INSTANCES, INPUTS = "dataframe_split", "dataframe_records", "instances", "inputs"
FORMS = (SPLIT, RECORDS, INSTANCES, INPUTS)
PARAMS = "params"
FORM = re.compile(rf'(?:\xef\xbb\xbf)?+\s*+\{{\s*+"({"|".join((*FORMS, PARAMS))})"\s*+:'.encode())
VERSION = "/version"
FRAME_KEYS = {"columns", "data", "index"}
CODES = {401: "UNAUTHENTICATED", 503: "TEMPORARILY_UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


def add_routes(blueprint: Blueprint, context: ProtocolContext) -> None:
    """Add the route that only MLflow has."""
    manifest = context.service.predictor.manifest

    @blueprint.get(VERSION)
    def version() -> Response:
        return Response(manifest.version, content_type=JSON)


def claims(request: Request, content: bytes, service: PredictionService) -> bool:
    """Whether a request is MLflow's: `/version`, a table with a header line, or one of the forms.

    A form is an object that begins with one of its keys, unless the model has such an input.
    """
    if request.path != invocations.PATH:
        return request.path == VERSION
    if request.mimetype == CSV:
        return positional_rows.has_header(
            content.decode(errors="replace"), service.names, index=True
        )
    found = FORM.match(content)
    return found is not None and found[1].decode() not in service.names


def predict(request: Request, content: bytes, service: PredictionService) -> Response:
    """Predict for a body of any of the forms; Problem if the body is not one of them."""
    if set(request.mimetype_params) - {"charset"}:
        raise Problem(415, "of a content type only the parameter charset is known")
    signature, details = service.predictor.signature, PREDICTIONS
    if body.media_type(request) == CSV:
        text = body.decode(content, "CSV")
        columns = payloads.from_csv(text, signature, service.limits)
        columns = lossless.cells(columns, signature)
    else:
        text = body.decode(lossless.without_mark(content))
        payload = parse.parse_json(text, service.limits, nan=True)
        columns = _from_json(payload, signature, service.limits, len(text))
        columns = lossless.booleans(columns, signature)
        details = _details(payload.get(PARAMS), signature)
    answer = service.predict_columns(request.environ, columns, details)
    if details.top:
        predictions: Any = _in_rows(answer[TOP])
    elif details.confidence:
        predictions = _in_rows(answer[str(signature.confidence)])
    else:
        predictions = positional_rows.to_array(answer, signature)
    return Response(orjson.dumps({"predictions": predictions}), content_type=JSON)


def write_error(error: HTTPException) -> Response:
    """Write an error as MLflow's server does, but without a stack trace."""
    status, message = error.code or 500, problems.error_text(error)
    headers = problems.headers_of(error)
    if status == 415:
        return Response(message, status, headers, content_type="text/plain")
    code = CODES.get(status, "BAD_REQUEST" if status < 500 else "INTERNAL_ERROR")
    content = json.dumps({"error_code": code, "message": message})
    return Response(content, 400 if status == 422 else status, headers, content_type=JSON)


def _from_json(
    payload: Any, signature: Signature, limits: PayloadLimits, most_values: int
) -> Columns:
    given = [name for name in FORMS if name in payload] if isinstance(payload, dict) else []
    if len(given) != 1:
        raise _misfit("", f"the body must be an object with exactly one of {', '.join(FORMS)}")
    [name] = given
    for other in payload:
        if other in (name, PARAMS):
            continue
        if other in signature.names:  # no input can be meant twice
            raise _misfit(pointer(other), f"no input is allowed beside {name}")
        if likely(other, [PARAMS]):
            raise _misfit(pointer(other), unknown(other, [PARAMS], "key"))
    if name == SPLIT:
        return _from_frame(payload[SPLIT], signature, limits)
    rows = payload[name]
    if name != RECORDS and isinstance(rows, dict):
        return _from_columns(rows, signature, limits, name)
    rows = _with_nulls(rows, signature, limits.rows, most_values)
    return positional_rows.from_array(rows, signature, limits, name)


def _with_nulls(rows: Any, signature: Signature, max_rows: int, most_values: int) -> Any:
    """Named rows with null where a key is left out of an input that takes null.

    Only if the table has at most `most_values` values: a short body must not make a large one.
    """
    nulls = {one.name: None for one in signature.inputs if one.nullable}
    if not nulls or not isinstance(rows, list) or len(rows) > max_rows:
        return rows
    if len(rows) * len(signature.inputs) > most_values:
        return rows
    return [nulls | row if isinstance(row, dict) else row for row in rows]


def _from_frame(frame: Any, signature: Signature, limits: PayloadLimits) -> Columns:
    """The columns of a data frame, in any order. Without names they are in the model's order.

    The index is ignored.
    """
    names = signature.names
    if not isinstance(frame, dict) or "data" not in frame or frame.keys() - FRAME_KEYS:
        raise _misfit(pointer(SPLIT), "must be an object with columns, data and optionally index")
    header = frame.get("columns")
    if header is None or header == list(range(len(names))):
        return payloads.from_rows(frame["data"], signature, limits, SPLIT, "data")
    place = (SPLIT, "columns")
    if not isinstance(header, list) or not all(isinstance(name, str) for name in header):
        raise _misfit(pointer(*place), "must be a list of names")
    data = frame["data"]
    if limits.ignore_extra:
        expected = set(names)
        kept = [name in expected for name in header]
        data = _without(data, kept, limits.rows)
        header = list(compress(header, kept))
    _check_names(header, names, *place)
    inputs = {one.name: one for one in signature.inputs}
    as_sent = replace(signature, inputs=tuple(inputs[name] for name in header))
    return payloads.from_rows(data, as_sent, limits, SPLIT, "data")


def _without(rows: Any, kept: Sequence[bool], max_rows: int) -> Any:
    """Lists with only the cells that are `kept`; those of another length stay as they are."""
    if not isinstance(rows, list) or len(rows) > max_rows:
        return rows
    return [
        list(compress(row, kept)) if isinstance(row, list) and len(row) == len(kept) else row
        for row in rows
    ]


def _from_columns(
    columns: dict[str, Any], signature: Signature, limits: PayloadLimits, form: str
) -> Columns:
    """The columns of an object of lists, or of one row of values."""
    if limits.ignore_extra:
        expected = set(signature.names)
        columns = {name: values for name, values in columns.items() if name in expected}
    _check_names(list(columns), signature.names, form)
    if not any(isinstance(value, list) for value in columns.values()):
        row = {name: [value] for name, value in columns.items()}
        return Columns(row, lambda name, _: pointer(form, name))
    for name, values in columns.items():
        if not isinstance(values, list):
            raise _misfit(pointer(form, name), "must be a list of values")
        payloads.check_rows(len(values), limits.rows, form, name)
    return Columns(columns, lambda name, row: pointer(form, name, row))


def _check_names(given: Sequence[str], names: Sequence[str], *place: str) -> None:
    """Raise Problem 422 unless these are the names of the inputs, each of them once."""
    times, expected = Counter(given), set(names)
    twice = ((name, "occurs more than once") for name, count in times.items() if count > 1)
    others = ((name, unknown(name, names, "input")) for name in times if name not in expected)
    missing = ((name, "is missing") for name in names if name not in times)
    errors = [
        {"pointer": pointer(*place, name), "detail": detail}
        for name, detail in islice(chain(others, twice, missing), MAX_ERRORS)
    ]
    if errors:
        raise Problem(422, "the columns do not fit the model", errors)


def _details(params: Any, signature: Signature) -> Details:
    """Read the parameters, which are those of the query of /predict."""
    if params is None:
        return PREDICTIONS
    if not isinstance(params, dict):
        raise _misfit(pointer(PARAMS), "must be an object")
    has, top = signature.confidence, 0
    for name, value in params.items():
        place = pointer(PARAMS, name)
        if name not in PARAMETERS:
            raise _misfit(place, unknown(name, PARAMETERS, "parameter"))
        if name == TOP:
            try:
                top = read_top(value, signature)
            except ValueError as error:
                raise _misfit(place, str(error)) from error
        elif not isinstance(value, bool):
            raise _misfit(place, "must be true or false")
        elif value and name != has:
            raise _misfit(place, f"this model has {has or 'neither'}")
    return Details(confidence=bool(has and params.get(has)), top=top)


def _in_rows(columns: Any) -> Any:
    """Values row by row. An object of columns becomes a list of objects."""
    if not isinstance(columns, dict):
        return columns
    lists = [_in_rows(values) for values in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def _misfit(place: str, detail: str) -> Problem:
    errors = [{"pointer": place, "detail": detail}]
    return Problem(422, "the input does not fit the model", errors)


PROTOCOL = Protocol(
    name="mlflow",
    prediction_paths=invocations.PREDICTION_PATHS,
    health_paths=frozenset({invocations.HEALTH}),
    add_routes=add_routes,
    write_error=write_error,
    invocations=Invocations(predict, claims),
)
