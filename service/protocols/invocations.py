"""`/invocations` and `/ping`, which SageMaker and MLflow share.

If both are enabled, the body decides which protocol it is: MLflow's `claims` recognizes its bodies.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from service.api import body
from service.api.request_state import state_of
from service.protocols import lossless
from service.protocols.protocol import Invocations, Protocol, ProtocolContext

PATH = "/invocations"
HEALTH = "/ping"
PREDICTION_PATHS = "(/endpoints/[^/]+)?/invocations"


def blueprint(
    protocols: Sequence[tuple[Protocol, Invocations]], context: ProtocolContext
) -> Blueprint:
    """The shared routes, and those that one of the protocols has for itself."""
    routes = Blueprint("invocations", __name__)
    settings, service, check_ready, _ = context
    otherwise = next((one for one in protocols if one[1].claims is None), protocols[0])

    def of_request() -> tuple[Protocol, Invocations]:
        content = state_of(request.environ).body or b""
        for one in protocols:
            claims = one[1].claims
            if claims is not None and claims(request, content, service):
                return one
        return otherwise

    @routes.get(HEALTH)
    def ping() -> Response:
        check_ready()
        return Response(content_type=body.JSON)

    @routes.post(PATH)
    def invoke() -> Response:
        content = body.read(request, settings.max_body_bytes)
        state_of(request.environ).body = content  # the handler of errors reads it
        return of_request()[1].predict(request, content, service)

    lossless.add_slash(routes, PATH)

    @routes.errorhandler(HTTPException)
    def write_error(error: HTTPException) -> Response:
        return of_request()[0].write_error(error)

    for protocol, _ in protocols:
        protocol.add_routes(routes, context)
    return routes
