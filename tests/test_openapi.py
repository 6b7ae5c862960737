"""`GET /openapi.json`, against the real server: Schemathesis asks what it allows, and what it
forbids."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator

from service.app import create_app
from service.model import example
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.examples import assert_holds
from tests.support.packed import folder_of, packed
from tests.support.serving import ROOT, clean_environment, serve

KEY = "correct-horse"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
TIMEOUT_SECONDS = 600.0  # seconds; each takes about 10 on two cores
REQUESTS = 60  # to each model, besides those with odd values
ASKED = (
    "logistic regression, string labels",
    "mixed table, closed categories",
    "mixed table, regression",
    "text",
)
MODELS = ("sensors", *ASKED)  # sensors by make faults, 1,000 times, in production's container


def contract(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.get("/openapi.json").data)
    return found


@pytest.mark.parametrize("name", MODELS)
def test_it_is_valid_and_its_examples_are_answered(name: str) -> None:
    """The same as in tests/test_served_models.py for every other model."""
    _, predictor, client = packed(name)

    def ask(sent: str, media_type: str) -> int:
        return client.post("/predict", data=sent, content_type=media_type).status_code

    described = contract(client)
    assert_holds(described, ask)
    names = list(described["components"]["schemas"]["columns"]["properties"])
    assert names == list(predictor.signature.names)


def test_it_has_kinds_ranges_and_categories() -> None:
    _, predictor, client = packed("mixed table, closed categories")
    schemas = contract(client)["components"]["schemas"]
    inputs = {schemas[f"input-{place}"]["title"]: schemas[f"input-{place}"] for place in range(5)}
    assert set(inputs["kind"]["enum"]) == {"fan", "press", "pump", None}
    assert inputs["temperature"]["type"] == ["number", "null"]
    assert "enum" not in inputs["guarded"]
    [lowest] = [one.lowest for one in predictor.signature.inputs if one.name == "temperature"]
    assert inputs["temperature"]["minimum"] == lowest


@pytest.mark.parametrize(
    "name",
    [*MODELS, "several labels", "several classes", "support vectors without probabilities"],
)
def test_answers_are_as_it_describes_them(name: str) -> None:
    _, predictor, client = packed(name)
    described = contract(client)
    kind = predictor.signature.confidence
    query = f"?{kind}=true" if kind else ""
    answer = client.post(f"/predict{query}", json=example.columns(predictor.signature))
    OAS31Validator(described["components"]["schemas"]["answer"]).validate(answer.json)


def test_it_asks_for_keys_only_where_there_are_some(predictor: Predictor) -> None:
    described = contract(create_app(Settings(), predictor).test_client())
    assert "securitySchemes" not in described["components"]
    assert "401" not in described["paths"]["/predict"]["post"]["responses"]
    locked = create_app(Settings(api_keys=(DIGEST,)), predictor).test_client()
    assert locked.get("/openapi.json").status_code == 401
    described = json.loads(locked.get("/openapi.json", headers={"X-API-Key": KEY}).data)
    assert described["paths"]["/predict"]["post"]["security"] == [{"bearer": []}, {"key": []}]
    assert "security" not in described["paths"]["/health"]["get"]


def test_its_examples_are_no_rows_of_the_sample() -> None:
    _, predictor, client = packed("text")
    texts = predictor.manifest.golden.inputs["remark"]
    assert not [text for text in texts if text in client.get("/openapi.json").text]


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_the_service_keeps_the_contract_that_is_described(name: str, tmp_path: Path) -> None:
    settings = {"SERVICE_MAX_ROWS": "100", "SERVICE_LOG_LEVEL": "error"}  # long lists take long
    with serve(folder_of(name), SERVICE_API_KEYS=DIGEST, **settings) as server:
        mine = {"Authorization": f"Bearer {KEY}"}
        described = server.request("GET", "/openapi.json", headers=mine).body
        assert_kept(described, f"127.0.0.1:{server.port}", REQUESTS, tmp_path)
        assert '"error"' not in server.log.read_text()


def assert_kept(described: bytes, address: str, requests: int, folder: Path) -> None:
    """Let Schemathesis ask a service for what its description allows, and what it forbids."""
    (folder / "openapi.json").write_bytes(described)
    found = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", ROOT / "tests" / "schemathesis.toml"),
            *("run", "openapi.json", "--url", f"http://{address}"),
            *("--header", f"Authorization: Bearer {KEY}", "--no-color"),
            *("--max-examples", str(requests)),
        ],
        cwd=folder,
        env=clean_environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "No issues found" in found.stdout
    count = len(json.loads(described)["paths"])
    assert f"{count} selected / {count} total" in found.stdout
