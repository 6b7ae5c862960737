"""Adds the protocols that `SERVICE_PROTOCOLS` names to the app."""

import re
from collections.abc import Callable

from flask import Blueprint, Flask
from werkzeug.exceptions import HTTPException

from service.api import health
from service.api.prediction_service import PredictionService
from service.protocols import invocations
from service.protocols.protocol import Protocol, ProtocolContext
from service.protocols.registry import declared
from service.settings import Settings, SettingsError


def init_app(
    app: Flask, settings: Settings, service: PredictionService, check_ready: Callable[[], None]
) -> None:
    """Add the routes of each; SettingsError if "none" is enabled together with others."""
    context = ProtocolContext(settings, service, check_ready, app.wsgi_app)
    protocols = enabled(settings)
    for protocol in protocols:
        if protocol.invocations is None:
            blueprint = Blueprint(protocol.name, __name__)
            protocol.add_routes(blueprint, context)
            blueprint.register_error_handler(HTTPException, protocol.write_error)
            app.register_blueprint(blueprint)
    if shared := [(one, one.invocations) for one in protocols if one.invocations is not None]:
        app.register_blueprint(invocations.blueprint(shared, context))


def enabled(settings: Settings) -> list[Protocol]:
    """The enabled protocols."""
    if "none" in settings.protocols and len(settings.protocols) > 1:
        raise SettingsError("SERVICE_PROTOCOLS names none and others; leave out one or the other")
    return declared(settings.protocols)


def prediction_paths(settings: Settings) -> re.Pattern[str] | None:
    """A pattern for the paths of predictions; None without protocols."""
    patterns = dict.fromkeys(protocol.prediction_paths for protocol in enabled(settings))
    return re.compile("|".join(patterns)) if patterns else None


def health_paths(settings: Settings) -> frozenset[str]:
    """The paths of all health checks, the service's own included."""
    return health.PATHS.union(*(protocol.health_paths for protocol in enabled(settings)))
