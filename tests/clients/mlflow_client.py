"""Calls a service with MLflow's own scoring client, as its users do; run by the clients' Python.

It reads where the service is, names and rows from standard input, and writes what each call gave to
standard output.
"""

import json
import sys
from typing import Any

import mlflow  # type: ignore[import-not-found]
import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient  # type: ignore[import-not-found]


def replies_of(host: str, port: int, names: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    """Everything that the client can send."""
    client = ScoringServerClient(host, port)
    client.wait_server_ready(timeout=10)

    def invoke(data: Any, **params: Any) -> Any:
        return client.invoke(data, params or None)["predictions"]

    frame = pd.DataFrame(rows, columns=names)
    records = [dict(zip(names, row, strict=True)) for row in rows]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    replies = {
        "mlflow": mlflow.__version__,
        "version": client.get_version(),
        "frame": invoke(frame),
        "columns in another order": invoke(frame[names[::-1]]),
        "rows in another order": invoke(frame[::-1]),
        "without names": invoke(pd.DataFrame(rows)),
        "missing as NaN": invoke(frame.fillna(np.nan)),
        "one row": invoke(frame[:1]),
        "array": invoke(np.array(rows, dtype=object)),
        "list": invoke(rows),
        "records": invoke(json.dumps({"dataframe_records": records})),
        "instances": invoke(json.dumps({"instances": rows})),
        "named instances": invoke(json.dumps({"instances": records})),
        "inputs": invoke(json.dumps({"inputs": columns})),
        "probabilities": invoke(frame, probabilities=True),
        "as a frame": client.invoke(frame).get_predictions()[0].tolist(),
    }
    try:
        client.invoke(frame.rename(columns={names[0]: "another"}))
    except Exception as error:
        replies["refused"] = str(error)
    return replies


if __name__ == "__main__":
    json.dump(replies_of(**json.load(sys.stdin)), sys.stdout)
