"""Models through real HTTP: served predictions are those of the estimator.

Bit for bit where scikit-learn serves; where ONNX Runtime does, labels are equal and numbers within
the tolerance that the manifest records.
"""

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from service.api import prediction_service
from service.model.signature import Signature
from tests.support.examples import assert_holds
from tests.support.model_cases import ModelCase
from tests.support.models import MODEL_CASES
from tests.support.serving import Server, serve
from training.__main__ import main

ROWS = (1, prediction_service.FEW_ROWS + 1)  # many are written in another way


def plain(rows: pd.DataFrame) -> dict[str, list[Any]]:
    """Columns of plain values, None where one is missing."""
    return {
        str(name): [
            None if value != value else value for value in rows[name].astype(object).tolist()
        ]
        for name in rows
    }


def forms(rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The same rows as columns, as rows and as CSV: body and media type."""
    columns = plain(rows)
    instances = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    yield json.dumps(columns), "application/json"
    yield json.dumps({"instances": instances}), "application/json"
    yield rows.to_csv(index=False), "text/csv"


def by_output(found: Any, outputs: int) -> list[Any]:
    """What an estimator returned, output by output, as plain values."""
    if isinstance(found, list):
        return [np.asarray(one).tolist() for one in found]
    values = np.asarray(found)
    return [values.tolist()] if outputs == 1 else values.T.tolist()


def expected(case: ModelCase, rows: pd.DataFrame, signature: Signature) -> dict[str, Any]:
    """The whole answer, as the estimator itself gives it."""
    own = case.own(rows)
    names = [output.name for output in signature.outputs]
    predicted = case.estimator.predict(own)
    if len(names) == 1:
        predicted = np.asarray(predicted).ravel()
    answer = dict(zip(names, by_output(predicted, len(names)), strict=True))
    if signature.confidence:
        ask = {"probabilities": "predict_proba", "scores": "decision_function"}
        found = getattr(case.estimator, ask[signature.confidence])(own)
        values = by_output(found, len(names))
        answer[signature.confidence] = (
            values[0] if len(names) == 1 else dict(zip(names, values, strict=True))
        )
    return answer


def same(found: Any, right: Any, tolerance: float) -> bool:
    """Whether an answer is the right one; floats may differ by the tolerance, nothing else may."""
    if isinstance(right, dict):
        return found.keys() == right.keys() and all(
            same(found[key], right[key], tolerance) for key in right
        )
    if isinstance(right, list):
        return len(found) == len(right) and all(
            same(one, other, tolerance) for one, other in zip(found, right, strict=True)
        )
    if type(right) is float and type(found) is float:
        return math.isclose(found, right, rel_tol=tolerance, abs_tol=tolerance)
    return type(found) is type(right) and bool(found == right)


def equal_rows(case: ModelCase, server: Server, signature: Signature, tolerance: float) -> int:
    """How many rows were answered, each in every form, as the estimator does."""
    query = f"?{signature.confidence}=true" if signature.confidence else ""
    for count in ROWS:
        rows = case.rows.iloc[np.arange(count) % len(case.rows)]
        right = expected(case, rows, signature)
        for body, media_type in forms(rows):
            answer = server.predict(body.encode(), media_type, query)
            assert answer.status == 200, answer.body
            served = json.loads(answer.body)
            labels = served.pop("labels", None)
            assert same(served, right, tolerance)
            for output in signature.outputs:  # labels are never nearly right
                if output.labels is not None:
                    assert served[output.name] == right[output.name]
            if len(signature.outputs) == 1 and labels is not None:
                assert labels == np.asarray(case.estimator.classes_).tolist()
    return sum(ROWS)


def milliseconds(case: ModelCase, server: Server) -> float:
    """Median time of a request with one row, on this machine."""
    body, media_type = next(forms(case.rows.iloc[:1]))
    durations = []
    for _ in range(20):
        start = time.perf_counter()
        server.predict(body, media_type)
        durations.append(time.perf_counter() - start)
    return 1000 * median(durations)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODEL_CASES)
def test_what_is_served_is_what_the_estimator_predicts(
    name: str, tmp_path: Path, report_lines: list[str]
) -> None:
    case = MODEL_CASES[name]()
    joblib.dump(case.estimator, tmp_path / "model.joblib")
    case.rows.to_csv(tmp_path / "rows.csv", index=False)
    folder = tmp_path / "artifact"
    command = [
        "pack",
        tmp_path / "model.joblib",
        "--sample",
        tmp_path / "rows.csv",
        "--out",
        folder,
    ]
    assert main(list(map(str, command))) == 0
    manifest = json.loads((folder / "manifest.json").read_text())
    with serve(folder) as server:
        tolerance = manifest["engines"]["tolerance"] if manifest["engine"] == "onnx" else 0.0
        signature = Signature.from_dict(manifest["signature"])
        equal = equal_rows(case, server, signature, tolerance)
        described = json.loads(server.request("GET", "/openapi.json").body)
        assert_holds(described, lambda sent, kind: server.predict(sent.encode(), kind).status)
        taken = milliseconds(case, server)
        assert "Traceback" not in server.log.read_text()
    report_lines.append(f"{name:42} {equal:4} rows equal   {taken:6.2f} ms   {manifest['engine']}")
