"""FastAPI as an engineer writes it by hand for speed: granian, msgspec, the same converted model.

Nothing is checked beyond the shape, and nothing is logged, counted or refused.
"""

import os
from pathlib import Path

import msgspec
import numpy as np
from fastapi import FastAPI, Request, Response

from service.model.predictor import Predictor

predictor = Predictor.load(Path(os.environ["BENCH_ARTIFACT"]))
NUMBERS = {"number", "integer", "boolean"}
types = {
    column.name: column.dtype if column.kind in NUMBERS else "object"
    for column in predictor.signature.inputs
}
compute = predictor._engine.predict
decoder = msgspec.json.Decoder(dict[str, list[float | str]])
encoder = msgspec.json.Encoder()
app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> Response:
    """Columns in, one value for each row out."""
    given = decoder.decode(await request.body())
    columns = [np.asarray(given[name], dtype) for name, dtype in types.items()]
    if len({len(column) for column in columns}) != 1:
        return Response(status_code=422)
    [answer] = compute(columns)
    body = encoder.encode({"label": answer.tolist()})
    return Response(body, media_type="application/json")
