"""`GET /docs`: it has all of `/openapi.json`, its links are valid, and its commands work."""

import json
import re
import subprocess
from html import unescape

import pytest

from service.api.page.schema_text import shape
from tests.support.packed import folder_of, packed
from tests.support.serving import serve
from tests.test_page import LARGEST, MODELS


@pytest.mark.parametrize("name", [*MODELS, "several labels", "mixed table, closed categories"])
def test_it_has_every_operation_parameter_status_and_schema(name: str) -> None:
    client = packed(name)[2]
    contract = json.loads(client.get("/openapi.json").data)
    sent = client.get("/docs", headers={"Accept-Encoding": "gzip"})
    assert len(sent.data) < LARGEST
    page = unescape(client.get("/docs").text)
    sections = dict(re.findall(r'<section id="(.+?)"(.*?)</section>', page, re.S))
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            section = sections[operation["operationId"]]
            assert f"{method.upper()}</span> {path}" in section
            for status, answer in operation["responses"].items():
                assert f'<th scope="row">{status}</th><td>{answer["description"]}</td>' in section
    for one in contract["components"]["parameters"]:
        assert f"<code>{one}</code>" in sections["predict"]
    for one in contract["components"]["schemas"]:
        assert f'id="schema-{one}"' in page
    for found in ("anything", "{", "None"):  # what the words do not know
        assert found not in re.sub("<(style|script|pre|code).*?</\\1>", "", page, flags=re.S)


def test_its_links_lead_somewhere() -> None:
    client = packed("sensors")[2]
    page = client.get("/docs").text
    places = set(re.findall(r' id="([^"]+)"', page))
    links = set(re.findall(r'href="([^"]+)"', page))
    assert {link[1:] for link in links if link.startswith("#")} <= places
    others = {link for link in links if not link.startswith(("#", "data:"))}
    assert others == {"./", "openapi.json"}


def test_the_lines_that_it_shows_work() -> None:
    with serve(folder_of("mixed table, closed categories")) as server:
        page = server.request("GET", "/docs").body.decode()
        lines = re.findall(r"<pre[^>]+>(.*?)</pre>", page, re.S)
        assert len(lines) == 12  # six forms of a prediction, six others
        for line in lines:
            line = unescape(re.sub("<.*?>", "", line))
            line = line.replace("ADDRESS/", f"http://127.0.0.1:{server.port}/")
            asked = subprocess.run(
                ["sh", "-c", f"{line} --silent --output /dev/null --write-out '%{{http_code}}'"],
                capture_output=True,
                text=True,
            )
            assert asked.stdout == "200", line


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 3}, "integer, 1 to 3"),
        ({"type": ["number", "null"], "minimum": -1.5}, "number or null, at least \u22121.5"),
        ({"type": "string", "minLength": 1}, "text, at least 1 character"),
        (
            {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
            "list of 2 values, each boolean",
        ),
        ({"enum": ["a", 1.0, None]}, "one of a, 1, null"),
        ({"const": {"status": "live"}}, json.dumps({"status": "live"})),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text, or null"),
        (
            {"properties": {"<b>": {"type": "string", "description": "Bold"}}},
            "object<b>: optional, textBold",
        ),
    ],
)
def test_a_schema_is_described_in_words(schema: dict[str, object], words: str) -> None:
    assert unescape(re.sub("<.*?>", "", str(shape(schema)))) == words
