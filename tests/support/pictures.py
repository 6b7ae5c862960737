"""`make pictures`: screenshots of the served sensor model, for README.md and docs/.

Each PNG has the digest of the files that its page is made from, so a test can detect, without a
browser, that a page has changed since its screenshot.
"""

import argparse
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

from tests.support.browsing import FLAGS, executable, predict
from tests.support.serving import ROOT, serve
from training.sensor_example import data
from training.sensor_example.fit import fit

FOLDER = ROOT / "docs" / "pictures"
MADE_FROM = "Made from"  # the name of the digest in a PNG
COLOURS = 64
MARGIN = 24  # pixels above the first element of a picture
ADDRESS = "sensors.example"  # the host that the pictures show
TOP = "one => one.getBoundingClientRect().top + scrollY"
PUBLISHED = ((1, 1), (2, -1), (3, 0))  # the rows of README.md


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its page, the browser's settings, and the elements between which it is cut."""

    name: str
    path: str
    until: str
    options: dict[str, Any] = field(default_factory=dict)
    since: str = "html"

    def made_from(self) -> str:
        """The digest of the files that its page is made from."""
        content = b"".join(path.read_bytes() for path in sources(self.path))
        return sha256(content).hexdigest()


WIDE = {"viewport": {"width": 1160, "height": 900}, "device_scale_factor": 1.5}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5}
CURVES = ("section:nth-of-type(3)", "section:nth-of-type(5)")  # of the report
PICTURES = [
    Picture("page-light", "/", "#code", WIDE),
    Picture("page-dark", "/", "#code", {**WIDE, "color_scheme": "dark"}),
    Picture("page-phone", "/", "#about-title", PHONE),
    Picture("report-light", "/report", CURVES[1], WIDE, CURVES[0]),
    Picture("report-dark", "/report", CURVES[1], {**WIDE, "color_scheme": "dark"}, CURVES[0]),
    Picture("docs", "/docs", "#predict .snippet:nth-of-type(3)", WIDE),
]


def sources(path: str) -> list[Path]:
    """The files that the page at a path is made from."""
    page = ROOT / "service" / "api" / "page"
    if path == "/report":
        return sorted((ROOT / "training" / "report").glob("*.*"))
    own = {
        "/": ["page.html", "model_view.py"],
        "/docs": ["docs.html", "reference.py", "schema_text.py"],
    }
    return [*(page / name for name in own[path]), page / "page.css", *sorted(page.glob("*.js"))]


@contextmanager
def shown(browser: Browser, url: str, one: Picture) -> Iterator[Page]:
    """The page as in the picture."""
    context = browser.new_context(**one.options)
    page = context.new_page()
    page.goto(url + one.path)
    if one.path == "/":
        for row, values in enumerate(PUBLISHED):
            for place, value in enumerate(values):
                page.locator(f"#f-{row}-{place}").fill(str(value))
        predict(page, len(PUBLISHED))
    yield page
    context.close()


def take(browser: Browser, url: str, folder: Path) -> None:
    """Take all pictures of the service at an address."""
    for one in PICTURES:
        with shown(browser, url, one) as page:
            begin, end = (page.locator(at).first.evaluate(TOP) for at in (one.since, one.until))
            width = one.options["viewport"]["width"]
            begin = max(0, begin - MARGIN)
            clip = FloatRect(x=0, y=begin, width=width, height=end - begin)
            taken = page.screenshot(full_page=True, clip=clip)
        image = (
            Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        )
        metadata = PngInfo()
        metadata.add_text(MADE_FROM, one.made_from())
        image.save(folder / f"{one.name}.png", optimize=True, pnginfo=metadata)


def main() -> None:
    """Train the sensor model, serve it, take its pictures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=FOLDER, help="folder for the pictures")
    folder: Path = arguments.parse_args().out
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        fit(data.DEFAULT, Path(place) / "model")
        with serve(Path(place) / "model") as server:
            flags = [*FLAGS, f"--host-resolver-rules=MAP {ADDRESS} 127.0.0.1:{server.port}"]
            browser = playwright.chromium.launch(executable_path=executable(), args=flags)
            take(browser, f"http://{ADDRESS}", folder)
            browser.close()


if __name__ == "__main__":
    main()
