"""Triton's and KServe's own clients get what `POST /predict` answers, to the last bit."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.clients.conftest import MODELS
from tests.support.packed import folder_of, packed
from tests.support.serving import ROOT, Server, serve

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "tests/clients/oip_client.py"
TYPES = {
    "sensors": ["FP64"] * 2,
    "iris": ["FP64"] * 4,
    "mixed": ["BYTES", "BYTES", "FP64", "FP64", "BOOL"],
}


def rows_of(name: str) -> pd.DataFrame:
    """Rows of the sample; of the mixed table, some have nulls."""
    rows = packed(MODELS[name])[0].rows
    gaps = rows[rows.isna().any(axis=1)]
    return pd.concat([rows.dropna()[::7][:20], gaps[:5]])


def columns_of(rows: pd.DataFrame) -> dict[str, list[Any]]:
    """By column, null for what is missing."""
    return {
        str(name): [None if pd.isna(value) else value for value in values.tolist()]
        for name, values in rows.items()
    }


@pytest.fixture(scope="module")
def replies(spoken: tuple[str, Server], clients_python: Path) -> tuple[str, Any, Any, Any]:
    """The model's name, what its clients got, and /predict's answers to all rows and the whole."""
    name, server = spoken
    return name, *replies_of(name, server, clients_python)


def replies_of(name: str, server: Server, clients_python: Path) -> tuple[Any, Any, Any]:
    """What the clients got from a service of this model, and /predict's answers."""
    rows = rows_of(name)
    asked = {"rows": columns_of(rows), "whole": columns_of(rows.dropna())}
    given = {"address": f"127.0.0.1:{server.port}", "model": "x", **asked}
    done = subprocess.run(
        [clients_python, SCRIPT], input=json.dumps(given), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    ours = [
        json.loads(server.predict(json.dumps(one), query="?probabilities=true").body)
        for one in asked.values()
    ]
    return json.loads(done.stdout), *ours


Replies = tuple[str, Any, Any, Any]


def column(values: list[Any]) -> list[list[Any]]:
    return [[value] for value in values]


def test_tritonclient_gets_what_predict_answers(replies: Replies) -> None:
    name, clients, every, whole = replies
    found = clients["triton"]
    assert found["default"] == {"prediction": column(every["prediction"])}
    for how, ours in (("binary", every), ("json", whole), ("mixed", whole)):
        assert found[how] == {
            "prediction": column(ours["prediction"]),
            "predict_proba": ours["probabilities"],
            "labels": ours["labels"],
        }
    if name != "mixed":
        assert found["one tensor"] == {"output__0": column(every["prediction"])}


def test_tritonclient_gets_predict_unasked_as_from_mlserver(clients_python: Path) -> None:
    settings = {"SERVICE_PROTOCOLS": "oip", "SERVICE_OIP_OUTPUTS": "predict"}
    with serve(folder_of(MODELS["iris"]), **settings) as server:
        clients, every, _ = replies_of("iris", server, clients_python)
    assert clients["triton"]["default"] == {"predict": column(every["prediction"])}


def test_tritonclient_learns_what_there_is(replies: Replies) -> None:
    name, clients, *_ = replies
    found = clients["triton"]
    assert (found["live"], found["ready"], found["model ready"]) == (True, True, True)
    assert found["another ready"] is False
    assert found["extensions"] == ["binary_tensor_data"]
    assert [(one["name"], one["state"]) for one in found["index"]] == [("x", "READY")]
    assert list(found["types"].values()) == TYPES[name]


def test_tritonclient_gets_the_text_of_the_error(replies: Replies) -> None:
    _, clients, *_ = replies
    status, message = clients["triton"]["refused"]
    assert status == "400"
    assert message.startswith("the input does not fit the model: ")
    assert message.endswith(" is missing")


def test_kserve_s_client_gets_what_predict_answers(replies: Replies) -> None:
    _, clients, every, whole = replies
    found = clients["kserve"]
    tensors = {"output-0": column(every["prediction"]), "probabilities": every["probabilities"]}
    assert found["binary"] == tensors
    rows = len(whole["prediction"])  # in JSON the client writes null as an empty text
    for name, values in tensors.items():
        assert found["json"][name][:rows] == values[:rows]
    assert found["v1 ordered"] == found["v1 named"] == {"predictions": every["prediction"]}


def test_kserve_s_client_learns_what_there_is(replies: Replies) -> None:
    _, clients, *_ = replies
    found = clients["kserve"]
    for what in ("live", "ready", "model ready", "v1 model ready"):
        assert found[what] is True
    assert found["another ready"] is False
