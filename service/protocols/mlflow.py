"""What a client of MLflow's scoring server sends: four forms of JSON, or a table with a header.

Formats: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ and, to the byte,
`mlflow/pyfunc/scoring_server/__init__.py`.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import orjson
from flask import Blueprint, Request, Response
from werkzeug.exceptions import HTTPException

from service.api import body, forms, nameless, parse, problems
from service.api.answers import Answers
from service.api.body import CSV, JSON
from service.api.details import PREDICTIONS, TOP, Details, read_top
from service.api.forms import Columns
from service.api.predict import PARAMETERS
from service.api.problems import MOST_ERRORS, Problem, pointer, unknown
from service.model.signature import Signature
from service.protocols import invocations
from service.protocols.protocol import Invocations, Protocol, Service

SPLIT, RECORDS, INSTANCES, INPUTS = "dataframe_split", "dataframe_records", "instances", "inputs"
FORMS = (SPLIT, RECORDS, INSTANCES, INPUTS)
PARAMS = "params"
FORM = re.compile(rf'\s*+\{{\s*+"({"|".join((*FORMS, PARAMS))})"\s*+:'.encode())
VERSION = "/version"
OF_A_FRAME = {"columns", "data", "index"}
CODES = {401: "UNAUTHENTICATED", 503: "TEMPORARILY_UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


def add_routes(blueprint: Blueprint, service: Service) -> None:
    """Add the route that only MLflow has."""
    manifest = service.answers.predictor.manifest

    @blueprint.get(VERSION)
    def version() -> Response:
        return Response(manifest.version, content_type=JSON)


def claims(request: Request, content: bytes, answers: Answers) -> bool:
    """Whether a request is MLflow's: `/version`, a table with a header line, or one of the forms.

    A form is an object that begins with one of its keys, unless the model has such an input.
    """
    if request.path != invocations.PATH:
        return request.path == VERSION
    if request.mimetype == CSV:
        return nameless.has_header(content.decode(errors="replace"), answers.names)
    found = FORM.match(content)
    return found is not None and found[1].decode() not in answers.names


def predict(request: Request, content: bytes, answers: Answers) -> Response:
    """Predict for a body of any of the forms; Problem if the body is not one of them."""
    if set(request.mimetype_params) - {"charset"}:
        raise Problem(415, "of a content type only the parameter charset is known")
    signature, details = answers.predictor.signature, PREDICTIONS
    if body.media_type(request) == CSV:
        columns = forms.from_csv(body.decode(content, "CSV"), signature, answers.most)
    else:
        payload = parse.parse_json(body.decode(content), answers.most, nan=True)
        columns = _from_json(payload, signature, answers.most.rows)
        details = _details(payload.get(PARAMS), signature)
    found = answers.to_columns(request.environ, columns, details)
    if details.top:
        told: Any = _in_rows(found[TOP])
    elif details.confidence:
        told = _in_rows(found[str(signature.confidence)])
    else:
        told = nameless.to_array(found, signature)
    return Response(orjson.dumps({"predictions": told}), content_type=JSON)


def write_error(error: HTTPException) -> Response:
    """Write an error as MLflow's server does, but without a stack trace."""
    status, message = error.code or 500, problems.in_words(error)
    headers = problems.headers_of(error)
    if status == 415:
        return Response(message, status, headers, content_type="text/plain")
    code = CODES.get(status, "BAD_REQUEST" if status < 500 else "INTERNAL_ERROR")
    told = json.dumps({"error_code": code, "message": message})
    return Response(told, 400 if status == 422 else status, headers, content_type=JSON)


def _from_json(payload: Any, signature: Signature, max_rows: int) -> Columns:
    given = [name for name in FORMS if name in payload] if isinstance(payload, dict) else []
    if len(given) != 1:
        raise _misfit("", f"the body must be an object with exactly one of {', '.join(FORMS)}")
    [name] = given
    for other in payload:
        if other not in (name, PARAMS):
            raise _misfit(pointer(other), f"nothing may stand beside {name} but {PARAMS}")
    if name == SPLIT:
        return _from_frame(payload[SPLIT], signature, max_rows)
    if name == INPUTS and isinstance(payload[INPUTS], dict):
        return _from_columns(payload[INPUTS], signature, max_rows)
    return nameless.from_array(payload[name], signature, max_rows, name)


def _from_frame(frame: Any, signature: Signature, max_rows: int) -> Columns:
    """Columns of a frame, in any order. Its own numbers in place of names, or none, are in order.

    The index is whoever's sent it.
    """
    names = signature.names
    if not isinstance(frame, dict) or "data" not in frame or frame.keys() - OF_A_FRAME:
        raise _misfit(pointer(SPLIT), "must be an object of columns, data and perhaps index")
    header = frame.get("columns")
    if header is None or header == list(range(len(names))):
        return forms.from_rows(frame["data"], signature, max_rows, SPLIT, "data")
    place = (SPLIT, "columns")
    if not isinstance(header, list) or not all(isinstance(name, str) for name in header):
        raise _misfit(pointer(*place), "must be a list of names")
    _check_names(header, names, *place)
    inputs = {one.name: one for one in signature.inputs}
    as_sent = replace(signature, inputs=tuple(inputs[name] for name in header))
    return forms.from_rows(frame["data"], as_sent, max_rows, SPLIT, "data")


def _from_columns(columns: dict[str, Any], signature: Signature, max_rows: int) -> Columns:
    _check_names(list(columns), signature.names, INPUTS)
    for name, values in columns.items():
        if not isinstance(values, list):
            raise _misfit(pointer(INPUTS, name), "must be a list of values")
        forms.check_rows(len(values), max_rows, pointer(INPUTS, name))
    return Columns(columns, lambda name, row: pointer(INPUTS, name, row))


def _check_names(given: Sequence[str], names: Sequence[str], *place: str) -> None:
    """Problem 422 unless these are the names of the inputs, each of them once."""
    times, expected = Counter(given), set(names)
    twice = ((name, "is there more than once") for name, count in times.items() if count > 1)
    others = ((name, unknown(name, names, "input")) for name in times if name not in expected)
    missing = ((name, "is missing") for name in names if name not in times)
    errors = [
        {"pointer": pointer(*place, name), "detail": detail}
        for name, detail in islice(chain(others, twice, missing), MOST_ERRORS)
    ]
    if errors:
        raise Problem(422, "the columns do not fit the model", errors)


def _details(params: Any, signature: Signature) -> Details:
    """What the parameters ask for in place of predictions, as the query of /predict does."""
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


def _in_rows(told: Any) -> Any:
    """A value for each row; an object for each row where `told` is one of columns by name."""
    if not isinstance(told, dict):
        return told
    columns = [_in_rows(values) for values in told.values()]
    return [dict(zip(told, row, strict=True)) for row in zip(*columns, strict=True)]


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
