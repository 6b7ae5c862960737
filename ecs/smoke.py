"""A deployed service is asked for a real prediction, and has to give the known answer."""

import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from ecs.errors import FailedError

PATIENCE = 120.0  # the name of a new load balancer takes its time
POLL_SECONDS = 3.0
ROWS = 3
PRECISION = 1e-4  # relative: another processor may round another way


def healthy(url: str) -> None:
    """Wait until the service answers that it should get traffic."""
    deadline = time.monotonic() + PATIENCE
    while True:
        status, told = _ask(f"{url}/health")
        if status == 200:
            return
        if time.monotonic() > deadline:
            hint = "" if status else ". Does the name lead to the load balancer?"
            raise FailedError(f"{url}/health does not answer 200: {status or ''} {told}{hint}")
        time.sleep(POLL_SECONDS)


def predict(url: str, manifest: Mapping[str, Any], key: str | None) -> str | None:
    """Send the artifact's first golden rows; what it answered, or None if it wants a key."""
    golden = manifest["golden"]
    columns = {name: values[:ROWS] for name, values in golden["inputs"].items()}
    status, told = _ask(f"{url}/predict", json.dumps(columns).encode(), key)
    if status == 401 and key is None:
        return None
    if status != 200:
        raise FailedError(f"{url}/predict answers {status or 'nothing'}: {told}")
    try:
        answer = json.loads(told)
        wrong = [n for n, v in answer.items() if not _equal(v, golden["outputs"][n][:ROWS])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FailedError(f"{url}/predict answers something else: {told}") from error
    if wrong:
        raise FailedError(f"{url}/predict answers {told}, the artifact says otherwise: {wrong}")
    return told


def _ask(url: str, body: bytes | None = None, key: str | None = None) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    if key:
        headers["X-API-Key"] = key
    request = urllib.request.Request(url, body, headers)  # noqa: S310 (the stack's own address)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read()[:300].decode(errors="replace").strip()
    except OSError as error:
        return 0, str(error)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=PRECISION, abs_tol=1e-6)
    return bool(one == other)
