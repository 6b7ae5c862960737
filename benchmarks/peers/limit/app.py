"""The limit: JSON, numpy and the model's engine on uvicorn, and nothing else.

Nothing is checked, logged, counted or refused, so a service that calls the model for each request
by itself can hardly be faster on the same engine.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from service.model.predictor import Predictor

predictor = Predictor.load(Path(os.environ["BENCH_ARTIFACT"]))
NUMBERS = {"number", "integer", "boolean"}
types = {
    column.name: column.dtype if column.kind in NUMBERS else "object"
    for column in predictor.signature.inputs
}
compute = predictor._engine.predict


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Columns in, one value for each row out."""
    if scope["type"] != "http":
        return
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    columns = orjson.loads(b"".join(chunks))
    [answer] = compute([np.asarray(columns[name], dtype) for name, dtype in types.items()])
    body = orjson.dumps({"label": answer.tolist()})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
