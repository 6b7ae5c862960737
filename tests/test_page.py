"""`GET /` and `GET /docs`: their content and size, their security policy, and access to them."""

import gzip
import hashlib
import json
import re
from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from service.api.page.model_view import duration, short
from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.packed import packed
from tests.support.problems import assert_problem

KEY = "correct-horse"
LARGEST = 60_000  # bytes, as it is sent
PAGES = ["/", "/docs"]
MODELS = ["sensors", "extra trees on 64 columns", "mixed table, open categories", "text"]


@pytest.fixture
def locked(predictor: Predictor) -> FlaskClient:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    return create_app(Settings(api_keys=(digest,)), predictor).test_client()


@pytest.mark.parametrize("name", MODELS)
def test_it_is_small_and_the_same_whether_compressed_or_not(name: str) -> None:
    client = packed(name)[2]
    sent = client.get("/", headers={"Accept-Encoding": "gzip, br"})
    assert sent.headers["Content-Encoding"] == "gzip"
    assert len(sent.data) < LARGEST
    plain = client.get("/")
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(sent.data) == plain.data
    assert plain.headers["Vary"] == sent.headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("path", PAGES)
def test_its_policy_allows_its_own_script_and_style_and_no_other(
    client: FlaskClient, path: str
) -> None:
    response = client.get(path)
    [policy] = response.headers.getlist("Content-Security-Policy")
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    for name, tag in (("script", 'script type="module"'), ("style", "style")):
        [content] = re.findall(f"<{tag}>(.*?)</{name}>", response.text, re.DOTALL)
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed[f"{name}-src"].split()
    assert len(allowed["script-src"].split()) == 1
    assert len(allowed["style-src"].split()) == 2  # a page may turn into the report
    assert allowed["default-src"] == allowed["frame-ancestors"] == allowed["base-uri"] == "'none'"
    assert allowed["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert not re.findall(r"<[^>]+ (style|on[a-z]+)=", response.text)


def test_other_answers_keep_the_policy_that_forbids_all(client: FlaskClient) -> None:
    client.get("/")
    for path in ("/model", "/openapi.json", "/nowhere"):
        [policy] = client.get(path).headers.getlist("Content-Security-Policy")
        assert policy == "default-src 'none'; frame-ancestors 'none'"


def test_it_shows_the_manifest(client: FlaskClient, predictor: Predictor) -> None:
    text = client.get("/").text
    manifest = predictor.manifest
    accuracy = manifest.metrics["held_out"]["accuracy"]
    for part in (manifest.name, manifest.version, manifest.created, f"{accuracy:.4g}"):
        assert part in text
    for one in manifest.signature.inputs:
        assert one.name in text
        assert f"{one.maximum:.4g}" in text


def test_it_has_no_rows_of_the_sample() -> None:
    _, predictor, client = packed("text")
    text = client.get("/").text
    assert not [row for row in predictor.manifest.golden.inputs["remark"] if row in text]


@pytest.mark.parametrize("path", PAGES)
def test_without_a_key_a_browser_gets_the_login_page(locked: FlaskClient, path: str) -> None:
    response = locked.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 401
    assert response.content_type.startswith("text/html")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "sensor" not in response.text.lower()
    opened = locked.get(path, headers={"Accept": "text/html", "X-API-Key": KEY})
    assert opened.status_code == 200
    assert "sensor_1" in opened.text
    policies = {answer.headers["Content-Security-Policy"] for answer in (response, opened)}
    assert len(policies) == 1  # the one runs the script of the other


@pytest.mark.parametrize("path", ["/", "/docs", "/model", "/nowhere"])
def test_without_a_key_anything_else_gets_the_problem(locked: FlaskClient, path: str) -> None:
    accept = "*/*" if path in PAGES else "text/html"
    response = locked.get(path, headers={"Accept": accept})
    assert_problem(401, response.content_type, response.data)
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_the_metrics_port_does_not_have_it(client: FlaskClient) -> None:
    port = {"SERVER_PORT": str(Settings().metrics_port)}
    for path in (*PAGES, "/openapi.json"):
        assert client.get(path, environ_overrides=port).status_code == 404


def test_the_script_s_model_is_one_json_object(client: FlaskClient) -> None:
    [found] = re.findall(r'id="model">(.*?)</script>', client.get("/").text)
    model = json.loads(found)
    assert [one["name"] for one in model["inputs"]] == ["sensor_1", "sensor_2"]
    assert set(model["example"]) == {"sensor_1", "sensor_2"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0000123, "12 µs"), (0.00032, "320 µs"), (0.0051, "5.1 ms"), (0.25, "250 ms"), (2, "2.0 s")],
)
def test_times_have_two_or_three_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers_are_short() -> None:
    assert [short(number) for number in (-6.37, 0.96266667, 12345)] == ["−6.37", "0.9627", "12,345"]
