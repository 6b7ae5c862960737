"""What a protocol declares: one value per protocol, which `registry.py` finds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from wsgiref.types import WSGIApplication

from flask import Blueprint, Request, Response
from werkzeug.exceptions import HTTPException

from service.api.prediction_service import PredictionService
from service.settings import Settings


class ProtocolContext(NamedTuple):
    """What the routes of a protocol use.

    `check_ready` raises Problem 503 while the service should get no traffic, as `/health` does.
    `wsgi_app` is Flask's, without middleware.
    """

    settings: Settings
    service: PredictionService
    check_ready: Callable[[], None]
    wsgi_app: WSGIApplication


class Invocations(NamedTuple):
    """How a protocol answers `POST /invocations`, an address that several protocols have.

    `predict` answers a request with this body. If several of the protocols are enabled, the first
    whose `claims` is true of a request answers it, else the one without `claims`.
    """

    predict: Callable[[Request, bytes, PredictionService], Response]
    claims: Callable[[Request, bytes, PredictionService], bool] | None = None


@dataclass(frozen=True, slots=True)
class Protocol:
    """A wire format besides Slipway's own.

    `name` enables it in `SERVICE_PROTOCOLS`. `prediction_paths` is a regular expression for the
    paths whose requests reach the model, and so are scheduled. `health_paths` need neither an API
    key nor an allowed host, and their successes are not logged. `add_routes` adds the routes to a
    blueprint. `write_error` makes the response to an error in the protocol's own format.
    """

    name: str
    prediction_paths: str
    add_routes: Callable[[Blueprint, ProtocolContext], None]
    write_error: Callable[[HTTPException], Response]
    health_paths: frozenset[str] = frozenset()
    invocations: Invocations | None = None
