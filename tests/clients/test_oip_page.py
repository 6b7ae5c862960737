"""The script in docs/clients.md for the Open Inference Protocol, pasted as it stands there."""

import json
import subprocess
from pathlib import Path

from tests.support.serving import ROOT, serve
from tests.support.stranger import script

SECTION = (ROOT / "docs/clients.md").read_text().split("\n## Open Inference Protocol\n")[1]


def test_it_prints_what_predict_answers(artifact: Path, clients_python: Path) -> None:
    with serve(artifact, SERVICE_PROTOCOLS="oip") as server:
        pasted = script(SECTION.split("\n## ")[0]).replace("8080", str(server.port))
        done = subprocess.run([clients_python, "-c", pasted], capture_output=True, text=True)
        body = '{"instances": [[1, 1], [2, -1], [3, 0]]}'
        ours = json.loads(server.predict(body, query="?probabilities=true").body)
    assert done.returncode == 0, done.stderr
    rounded = [[round(value, 2) for value in row] for row in ours["probabilities"]]
    assert done.stdout == f"[0. 1. 1.] {rounded}\n"
