"""The pictures of README.md and docs/ show what there is now."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.support.pictures import FOLDER, MADE_FROM, PICTURES, Picture
from tests.support.serving import ROOT
from tests.test_docs import PAGES

LARGEST = 150_000  # bytes of one picture


@pytest.mark.parametrize("one", PICTURES, ids=lambda one: one.name)
def test_no_page_has_changed_since_its_picture_was_taken(one: Picture) -> None:
    path = FOLDER / f"{one.name}.png"
    assert path.stat().st_size < LARGEST
    with Image.open(path) as image:
        taken = image.info[MADE_FROM]
    assert taken == one.made_from(), "make pictures takes them anew; look at them"


def test_every_picture_is_shown_and_every_one_shown_is_there() -> None:
    shown = {
        (page.parent / name).resolve()
        for page in PAGES
        for name in re.findall(r'(?:src|srcset)="([^":]+)"', page.read_text())
    }
    assert shown == set(FOLDER.iterdir())


def test_the_drawing_names_what_there_is(artifact: Path) -> None:
    drawn = (FOLDER / "way.svg").read_text()
    names = set(re.findall(r'class="[a-z ]*name"[^>]*>([^<]+)<', drawn))
    folders = {name for name in names if (ROOT / name).is_dir()}
    assert folders == {"training/", "service/"}
    packed = {f"{path.name}{'/' * path.is_dir()}" for path in artifact.iterdir()}
    assert names - folders == packed
