"""docs/clients.md: its commands have the output that it shows, and it has every protocol."""

import json
import re
from pathlib import Path

from service.app import create_app
from service.model.predictor import Predictor
from service.protocols.registry import NAMES
from service.settings import Settings
from tests.support.serving import ROOT, serve
from tests.support.stranger import ask, commands, curls

PAGE = (ROOT / "docs/clients.md").read_text()
# What others try: tests/test_container_lean.py, test_sagemaker_serve.py, test_invocations_page.py.
ELSEWHERE = {
    "docker build --build-arg VARIANT=lean "
    '--build-arg REQUIREMENTS="requirements.txt requirements/lambda.txt" --tag slipway-lambda .',
    'docker run --publish 8080:8080 --volume "$PWD/artifacts/model:/opt/ml/model:ro" slipway serve',
    "tar -czf model.tar.gz -C artifacts/model .",
}


def test_every_call_of_the_page_gives_the_answer_below_it(artifact: Path) -> None:
    assert curls(PAGE)
    with serve(artifact, SERVICE_PROTOCOLS=",".join(NAMES)) as server:
        for command, promised in curls(PAGE):
            answer = json.loads(ask(command, server.port))
            if "model_version" in promised:
                promised["model_version"] = answer["model_version"]
            assert answer == promised


def test_no_command_is_left_out_here() -> None:
    tried = {" ".join(command.split()) for command, _ in curls(PAGE)}
    assert {" ".join(line.split()) for line in commands(PAGE)} == tried | ELSEWHERE


def test_every_dialect_and_each_of_its_addresses_is_there(predictor: Predictor) -> None:
    app = create_app(Settings(protocols=NAMES), predictor)
    rows = re.findall(r"^\| `([a-z]+)`", PAGE, re.MULTILINE)
    assert set(rows) == set(NAMES)
    documented = {
        re.sub(r"[A-Z]{2,}", "<>", path) for path in re.findall(r"`(?:GET|POST) (\S+)`", PAGE)
    }
    routes = {
        re.sub(r"<[^>]+>", "<>", rule.rule)
        for rule in app.url_map.iter_rules()
        if "." in rule.endpoint and not rule.endpoint.endswith("/")  # `lossless.add_slash`
    }
    assert documented == routes
