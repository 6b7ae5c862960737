"""MLflow's unmodified scoring client gets the predictions of /predict."""

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.rows import predicted, rows_of
from tests.support.serving import ROOT, TIMEOUT_SECONDS, Server

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "tests/clients/mlflow_client.py"


def test_all_that_the_client_sends(clients_python: Path, spoken: tuple[str, Server]) -> None:
    name, server = spoken
    names, rows = rows_of(name)
    given = {"host": "127.0.0.1", "port": server.port, "names": names, "rows": rows}
    run = subprocess.run(
        [clients_python, SCRIPT],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT_SECONDS,
    )
    assert run.returncode == 0, run.stderr
    printed = json.loads(run.stdout)
    assert printed.pop("mlflow")
    assert printed.pop("version") == json.loads(server.request("GET", "/model").body)["version"]
    refused = printed.pop("refused")
    assert refused.startswith("Invocation failed (error code 400, response: ")
    assert "/dataframe_split/columns/another is no input" in refused
    [wanted] = predicted(server, rows).values()
    probabilities = predicted(server, rows, "?probabilities=true")["probabilities"]
    assert printed.pop("probabilities") == probabilities
    assert printed.pop("rows in another order") == wanted[::-1]
    assert printed.pop("one row") == wanted[:1]
    assert printed == dict.fromkeys(printed, wanted)
    assert len(printed) == 11


def test_a_table_as_pandas_writes_it(spoken: tuple[str, Server]) -> None:
    name, server = spoken
    names, rows = rows_of(name)
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    answer = server.request("POST", "/invocations", text.getvalue(), {"Content-Type": "text/csv"})
    [wanted] = predicted(server, rows).values()
    assert json.loads(answer.body) == {"predictions": wanted}
