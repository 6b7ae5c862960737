"""The documentation as a web site: complete, with links that lead somewhere, and a search."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serving import ROOT, clean_environment

MKDOCS = ROOT / ".venv/docs/bin/mkdocs"


def build(pages: Path) -> subprocess.CompletedProcess[str]:
    """`make docs` on a copy of the pages."""
    if not MKDOCS.exists():
        reason = "mkdocs is not installed: make .venv/docs/installed"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    [recipe] = re.findall(r"^\t@rm -rf build/docs.*?mkdocs build$", MAKEFILE, re.M | re.S)
    [named] = re.findall(r"^PAGES := (.*?[^\\])$", MAKEFILE, re.M | re.S)
    script = recipe.replace("$(PAGES)", named.replace("\\\n", "")).replace("\t@", "")
    script = script.replace(".venv/docs/bin/mkdocs", str(MKDOCS)).replace("\\\n", "")
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=pages,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )


MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What git has, as a repository of its own."""
    copy = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    subprocess.run(["git", "add", "--all"], cwd=copy, check=True)
    return copy


@pytest.mark.slow
def test_the_site_has_every_page_a_search_and_no_link_that_leads_nowhere(checkout: Path) -> None:
    ended = build(checkout)
    assert ended.returncode == 0, ended.stderr
    site = checkout / "build/site"
    found = json.loads((site / "search/search_index.json").read_text())
    titles = {entry["title"] for entry in found["docs"]}
    assert {"Existing clients", "Threat model", "Python"} <= titles
    assert (site / "service/settings.py").read_text() == (ROOT / "service/settings.py").read_text()
    # nothing is loaded from elsewhere
    assert (
        re.findall(
            r'<(?:script|link)[^>]+(?:src|href)="https?://[^"]+', (site / "index.html").read_text()
        )
        == []
    )


@pytest.mark.slow
@pytest.mark.parametrize("link", ["nowhere.md", "clients.md#nothing", "../service/nothing.py"])
def test_a_link_that_leads_nowhere_fails_the_build(checkout: Path, link: str) -> None:
    with (checkout / "docs/page.md").open("a") as page:
        page.write(f"\n[broken]({link})\n")
    ended = build(checkout)
    assert ended.returncode == 1
    assert link.split("/")[-1].split("#")[-1] in ended.stderr


@pytest.mark.slow
def test_the_functions_of_the_python_page_do_what_it_says(tmp_path: Path) -> None:
    [code] = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/api.md").read_text(), re.M | re.S)
    (tmp_path / "script.py").write_text(code)
    ended = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    promised = re.findall(r"# (\{.*\})$", code, re.M)
    assert ended.stdout.splitlines()[1:] == promised
