"""What docs/clients.md says of the Open Inference Protocol, pasted as it stands there."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT, Server, serve
from tests.stranger import ask, script

PAGE = (ROOT / "docs/clients.md").read_text().split("\n## Open Inference Protocol\n")[1]
SECTION = PAGE.split("\n## ")[0]


@pytest.fixture(scope="module")
def server(artifact: Path) -> Iterator[Server]:
    with serve(artifact, SERVICE_DIALECTS="oip") as running:
        yield running


def test_its_commands_give_the_answers_below_them(server: Server) -> None:
    found = re.findall(r"^```sh\n(curl.*?)^```\n\n```json\n(.*?)^```", SECTION, re.M | re.S)
    assert len(found) == len(re.findall(r"^```sh", SECTION, re.M)) == 2
    for command, promised in found:
        answer, expected = json.loads(ask(command, server.port)), json.loads(promised)
        if "model_version" in expected:
            assert re.fullmatch(r"[0-9a-f]{12}", expected["model_version"])
            expected["model_version"] = answer["model_version"]
        assert answer == expected


def test_its_script_prints_what_predict_answers(server: Server, clients_python: Path) -> None:
    pasted = script(SECTION).replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    done = subprocess.run([clients_python, "-c", pasted], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    body = '{"instances": [[1, 1], [2, -1], [3, 0]]}'
    ours = json.loads(server.predict(body, query="?probabilities=true").body)
    rounded = [[round(value, 2) for value in row] for row in ours["probabilities"]]
    assert done.stdout == f"[0. 1. 1.] {rounded}\n"
