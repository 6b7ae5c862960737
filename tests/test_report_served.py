"""`GET /report`: what was packed, under a policy that runs nothing of it, for those who may."""

import gzip
import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.model.artifact import REPORT, ArtifactError, ChecksumError, MissingError, file_entry
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.packed import packed
from tests.support.problems import assert_problem

KEY = "correct-horse"
BROWSER = {"Accept": "text/html,*/*;q=0.8"}
Edit = Callable[[Callable[[dict[str, Any]], object]], None]


@pytest.fixture
def locked(predictor: Predictor) -> FlaskClient:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    return create_app(Settings(api_keys=(digest,)), predictor).test_client()


def policy(client: FlaskClient, **headers: str) -> dict[str, str]:
    [found] = client.get("/report", headers=headers).headers.getlist("Content-Security-Policy")
    return dict(part.strip().split(" ", 1) for part in found.split(";"))


def style(page: str) -> str:
    [content] = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def test_it_is_what_was_packed_and_a_link_back_whether_compressed_or_not(
    client: FlaskClient, artifact: Path
) -> None:
    plain = client.get("/report")
    assert plain.content_type == "text/html; charset=utf-8"
    link = b'<a href="./">The model</a>, its report'
    assert plain.data.replace(link, b"Report") == (artifact / REPORT).read_bytes()
    assert plain.data.count(link) == 1
    sent = client.get("/report", headers={"Accept-Encoding": "gzip, br"})
    assert sent.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(sent.data) == plain.data
    assert len(sent.data) < 60_000


def test_its_policy_allows_its_style_and_nothing_that_runs(client: FlaskClient) -> None:
    allowed = policy(client)
    assert allowed["style-src"] == style(client.get("/report").text)
    for name in ("default", "script", "connect"):
        assert allowed[f"{name}-src"] == "'none'"
    assert allowed["frame-ancestors"] == allowed["base-uri"] == allowed["form-action"] == "'none'"


def test_the_page_leads_there_and_the_contract_names_it(client: FlaskClient) -> None:
    assert '<a href="report" data-page>' in client.get("/").text
    described = json.loads(client.get("/openapi.json").data)["paths"]["/report"]["get"]
    assert list(described["responses"]["200"]["content"]) == ["text/html"]


def test_a_model_without_a_report_answers_404_and_no_page_links_to_it() -> None:
    client = packed("text")[2]
    answer = client.get("/report", headers=BROWSER)
    assert_problem(404, answer.content_type, answer.data)
    assert "packed without a report" in json.loads(answer.data)["detail"]
    assert 'href="report"' not in client.get("/").text
    assert "/report" not in json.loads(client.get("/openapi.json").data)["paths"]


def test_without_a_key_nothing_of_it_is_reported(locked: FlaskClient) -> None:
    refused = locked.get("/report")
    assert_problem(401, refused.content_type, refused.data)
    door = locked.get("/report", headers=BROWSER)
    assert (door.status_code, door.content_type) == (401, "text/html; charset=utf-8")
    assert "sensor" not in door.text
    opened = locked.get("/report", headers={"X-API-Key": KEY})
    assert (opened.status_code, opened.text.count("<h1")) == (200, 1)
    # the login page has the style of the report, and no other
    assert style(opened.text) in policy(locked, **BROWSER)["style-src"].split()
    assert policy(locked, **{"X-API-Key": KEY})["script-src"] == "'none'"


def test_the_metrics_port_does_not_have_it(client: FlaskClient) -> None:
    port = {"SERVER_PORT": str(Settings().metrics_port)}
    assert client.get("/report", environ_overrides=port).status_code == 404


def refusal(folder: Path, kind: type[ArtifactError]) -> str:
    with pytest.raises(ArtifactError) as caught:
        Predictor.load(folder)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(str(folder))
    return str(caught.value)


def test_the_manifest_lists_it_with_its_digest_and_size(
    artifact: Path, predictor: Predictor
) -> None:
    assert predictor.manifest.files[REPORT] == file_entry((artifact / REPORT).read_bytes())


def test_one_that_was_changed_is_refused(own_artifact: Path) -> None:
    path = own_artifact / REPORT
    path.write_text(path.read_text().replace("96", "99", 1))
    assert "is not the file that was packed" in refusal(own_artifact, ChecksumError)
    path.unlink()
    refusal(own_artifact, MissingError)


def test_an_unlisted_report_is_not_served(own_artifact: Path, edit_manifest: Edit) -> None:
    edit_manifest(lambda manifest: manifest["files"].pop(REPORT))
    assert Predictor.load(own_artifact).report is None


@pytest.mark.parametrize("name", ["report/../x", "report/a/b", "report/", "reports/x", "report"])
def test_no_other_file_outside_is_read(own_artifact: Path, edit_manifest: Edit, name: str) -> None:
    edit_manifest(lambda m: m["files"].update({name: {"sha256": "0", "bytes": 0}}))
    with pytest.raises(ArtifactError):
        Predictor.load(own_artifact)
