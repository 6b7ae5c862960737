"""Events for functions on AWS Lambda, and the published answer."""

from typing import Any

ADDRESS = "/2015-03-31/functions/function/invocations"
EVENT = {"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"}
ANSWER = {"class": [0.0, 1.0, 1.0]}


def version_2(**members: Any) -> dict[str, Any]:
    """An event of a function URL."""
    http = {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"}
    return {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": http, "stage": "$default"},
        "isBase64Encoded": False,
        **members,
    }
