"""The documentation agrees with the code."""

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask

from service.model import artifact
from service.model.artifact import ArtifactError
from service.settings import Settings, SettingsError
from tests.support.serving import ROOT

README = (ROOT / "README.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def table_rows(text: str, header: str) -> list[list[str]]:
    """Cells of the table under this header line."""
    lines = text[text.index(header) :].split("\n")[2:]
    table = lines[: lines.index("")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def shown(default: object) -> str:
    """A default as one would set it; a dash where there is none."""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        default = ",".join(default)
    return f"`{default}`" if default else "–"


def test_every_setting_is_in_the_readme_as_it_is_in_the_code() -> None:
    rows = table_rows(README, "| setting | default | meaning |")
    assert rows == [
        [
            f"`SERVICE_{setting.name.upper()}`",
            shown(setting.default),
            setting.metadata["help"],
        ]
        for setting in fields(Settings)
    ]


def test_every_route_is_in_the_readme(app: Flask) -> None:
    documented = set(re.findall(r"`(GET|POST) (/[a-z/.]*)", README))
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if "." not in rule.endpoint  # the protocols' stand in docs/clients.md
    }
    assert documented == routes


def test_every_exit_code_is_in_the_readme() -> None:
    documented = {int(code) for code, _ in table_rows(README, "| code | the service did not")}
    errors = [kind for kind in vars(artifact).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in errors if issubclass(kind, ArtifactError)}
    assert documented == codes | {SettingsError.exit_code, 69}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)", page.read_text()):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text())
    names = (
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.M)
    )
    counts: Counter[str] = Counter()
    found = set()
    for name in names:
        found.add(f"{name}-{counts[name]}" if counts[name] else name)
        counts[name] += 1
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`([a-z_/.-]+/[a-z_.-]+\.(?:py|yml|txt|csv))`", page.read_text())
    assert all((ROOT / name).exists() for name in named)


def test_every_field_of_a_request_s_log_line_is_explained() -> None:
    code = (ROOT / "service/observability/logs.py").read_text()
    fields_of_a_line = set(re.findall(r'^ +"([a-z_]+)":', code, re.MULTILINE))
    page = (ROOT / "docs/operations.md").read_text()
    explained = {
        name
        for cells in table_rows(page, "| field |")
        for name in re.findall(r"`([a-z_]+)`", cells[0])
    }
    assert explained == fields_of_a_line


def test_every_metric_is_explained(app: Flask) -> None:
    shown = app.test_client().get("/metrics", environ_overrides={"SERVER_PORT": "9464"}).text
    page = (ROOT / "docs/operations.md").read_text()
    explained = {cells[0].strip("`") for cells in table_rows(page, "| metric |")}
    named = set(re.findall(r"^# TYPE (slipway_\S+?) ", shown, re.MULTILINE))
    assert explained == {name for name in named if not name.endswith("_created")}
