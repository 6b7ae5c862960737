"""Send a real prediction to a deployed service and compare the response with the golden rows."""

import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from ecs.errors import FailedError

HEALTHY_SECONDS = 120.0  # the DNS name of a new load balancer takes a while
POLL_SECONDS = 3.0
ROWS = 3
RELATIVE_TOLERANCE = 1e-4  # processors round differently


def wait_until_healthy(url: str) -> None:
    """Wait until /health responds with 200; FailedError after `HEALTHY_SECONDS`."""
    deadline = time.monotonic() + HEALTHY_SECONDS
    while True:
        status, body = _request(f"{url}/health")
        if status == 200:
            return
        if time.monotonic() > deadline:
            hint = "" if status else ". Does the name point to the load balancer?"
            raise FailedError(
                f"{url}/health does not respond with 200: {status or ''} {body}{hint}"
            )
        time.sleep(POLL_SECONDS)


def check_prediction(url: str, manifest: Mapping[str, Any], key: str | None) -> str | None:
    """Send the first golden rows and compare the response with the golden predictions.

    Return the response's body; None if the service requires a key and `key` is None. FailedError
    if the response is not as expected.
    """
    golden = manifest["golden"]
    columns = {name: values[:ROWS] for name, values in golden["inputs"].items()}
    status, body = _request(f"{url}/predict", json.dumps(columns).encode(), key)
    if status == 401 and key is None:
        return None
    if status != 200:
        raise FailedError(f"{url}/predict responds with {status or 'nothing'}: {body}")
    try:
        predictions = json.loads(body)
        wrong = [n for n, v in predictions.items() if not _equal(v, golden["outputs"][n][:ROWS])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FailedError(f"{url}/predict responds with something else: {body}") from error
    if wrong:
        raise FailedError(
            f"{url}/predict responds with {body}, which differs from the artifact: {wrong}"
        )
    return body


def _request(url: str, body: bytes | None = None, key: str | None = None) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["X-API-Key"] = key
    request = urllib.request.Request(url, body, headers)  # noqa: S310 (the stack's own address)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, response.read().decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read()[:300].decode(errors="replace").strip()
    except OSError as error:
        return 0, str(error)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-6)
    return bool(one == other)
