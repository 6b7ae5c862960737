"""Plots: matplotlib's SVG, embedded into the page.

The page's Content-Security-Policy forbids style attributes, and its colours change between light
and dark. So each style becomes a CSS class, and each colour of the palette a CSS variable.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from xml.etree import ElementTree as Xml

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, ScalarFormatter

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
FRACTION = re.compile(r"(\d\.\d\d)\d+")  # two decimals of a pixel are enough
WIDTH, HEIGHT = 360, 270  # pixels
INK, QUIET, LINE, TRACK = "#1d2528", "#566266", "#d9dfde", "#eaefee"
ACCENT, BAR = "#17615d", "#7fb8b2"
SERIES = (ACCENT, "#b4551d", "#5b4b9a", "#96780a", "#2a6bb0", "#a8326b")  # one per class
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1, 1.5), (7, 2, 1.5, 2), (3, 1), (9, 3))
COLOURS = {
    **{INK: "--ink", QUIET: "--quiet", LINE: "--line", TRACK: "--track", BAR: "--bar"},
    **{colour: f"--class-{place}" for place, colour in enumerate(SERIES)},
}
STEPS = 10
SHADES = tuple(f"#0a5e{step:02x}" for step in range(STEPS))  # between two classes
LEVELS = tuple(f"#0a5f{step:02x}" for step in range(STEPS))  # from pale to strong
COLOURS |= {shade: f"--shade-{step}" for step, shade in enumerate(SHADES)}
COLOURS |= {shade: f"--level-{step}" for step, shade in enumerate(LEVELS)}
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # names may contain dollar signs
    "svg.fonttype": "none",  # text stays text: selectable, readable aloud, in any script
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.xmargin": 0.02,
    "grid.color": TRACK,
    "grid.linewidth": 1,
    "lines.linewidth": 2,
    "patch.linewidth": 0,
    "xtick.major.pad": 6,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
}


COUNTS = ("rows", "values")  # labels of axes that count
LONG_NUMBER = 10_000  # its label would be cut off, or overlap the next


@dataclass(slots=True)
class Plots:
    """All plots of one page; `classes` are the CSS classes that they share."""

    classes: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def new(
        self,
        title: str,
        description: str,
        *,
        height: int = HEIGHT,
        left: int = 54,
        bottom: int = 48,
    ) -> Iterator["Plot"]:
        """Yield a plot to draw on; its `svg` is set after the block.

        `description` is for readers who cannot see the plot. `height` and margins are in pixels.
        """
        number = next(self.numbers)
        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about characters that are in the reader's fonts only
            mpl.rcdefaults()  # ignore this machine's settings
            mpl.rcParams.update({**STYLE, "svg.hashsalt": f"slipway {number}"})
            drawing = Figure(figsize=(WIDTH / 72, height / 72))
            drawing.patch.set_visible(False)
            FigureCanvasSVG(drawing)
            axes = drawing.add_axes(
                (left / WIDTH, bottom / height, 1 - (left + 14) / WIDTH, 1 - (bottom + 12) / height)
            )
            axes.patch.set_visible(False)
            plot = Plot(axes, title, description)
            yield plot
            _fit_ticks(axes)
            content = io.StringIO()
            drawing.savefig(content, format="svg", metadata={"Date": None})
            plot.svg = self._embedded(content.getvalue(), plot, number)

    def style(self) -> str:
        """CSS rules for all classes, the lines of legends and the shades of matrices."""
        rules = [f".{name} {{ {style} }}" for style, name in self.classes.items()]
        for place, dashes in enumerate(DASHES):
            dashed = " ".join(str(2 * one) for one in dashes)
            more = f"; stroke-dasharray: {dashed}" if dashed else ""
            rules.append(f".line-{place} {{ stroke: var(--class-{place}){more} }}")
            rules.append(f".dot-{place} {{ fill: var(--class-{place}) }}")
        for step in range(STEPS):
            part = round(100 * (step + 0.5) / STEPS)
            pale = _mixed(_mixed("--class-1", part, "var(--class-0)"), 40)
            full = _mixed("--bar", 65 * (step + 1) // STEPS)
            rules.append(f":root {{ --shade-{step}: {pale}; --level-{step}: {full} }}")
            rules.append(f".shade-{step + 1} {{ background: {full} }}")
        return "\n".join(rules)

    def _embedded(self, content: str, plot: "Plot", number: int) -> Markup:
        root = Xml.fromstring(content)  # noqa: S314 (matplotlib wrote it)
        for parent in list(root.iter()):
            for child in list(parent):
                if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                    parent.remove(child)
        needed = set(re.findall(r'(?:url\(|href=")#([^")]+)', content))
        for element in root.iter():
            given = dict(element.attrib)
            element.attrib.clear()
            for name, value in given.items():
                if name == "style":
                    element.set("class", self._class(value))
                elif name in ("d", "x", "y", "transform"):
                    if not value.startswith("rotate(-0 "):
                        element.set(name, FRACTION.sub(r"\1", " ".join(value.split())))
                elif name != "id" or value in needed:
                    element.set(name, value)
        title = Xml.Element(f"{{{SVG}}}title", {"id": f"plot-{number}"})
        title.text = plot.title
        described = Xml.Element(f"{{{SVG}}}desc", {"id": f"described-{number}"})
        described.text = plot.description
        root[:0] = [title, described]
        for name in ("width", "height", "version"):
            del root.attrib[name]
        root.set("role", "img")
        root.set("aria-labelledby", f"plot-{number}")
        root.set("aria-describedby", f"described-{number}")
        return Markup(_written(root))  # noqa: S704 (ElementTree escapes it)

    def _class(self, style: str) -> str:
        for colour, name in COLOURS.items():
            style = style.replace(colour, f"var({name})")
        style = re.sub(r"font-family: [^;]*; ", "", style)  # the page sets it
        return self.classes.setdefault(style, f"p{len(self.classes)}")


@dataclass(slots=True)
class Plot:
    """One plot: axes, title, description and the resulting SVG."""

    axes: Axes
    title: str
    description: str
    svg: Markup = Markup("")
    legend: list[tuple[int, str]] = field(default_factory=list)  # index in SERIES, and its meaning
    dotted: bool = False  # whether the legend shows dots instead of lines
    notes: list[str] = field(default_factory=list)


def _fit_ticks(axes: Axes) -> None:
    """Write long numbers short (800k), so that they fit, and counts as whole numbers."""
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_label_text() in COUNTS:
            axis.set_major_locator(MaxNLocator("auto", integer=True))
        if isinstance(axis.get_major_formatter(), ScalarFormatter):
            largest = max(abs(end) for end in axis.get_view_interval())
            if largest >= LONG_NUMBER:
                axis.set_major_formatter(EngFormatter(sep=""))


def _mixed(colour: str, part: int, other: str = "var(--paper)") -> str:
    """Mix two colours, with `part` percent of the first."""
    first = f"var({colour})" if colour.startswith("--") else colour
    return f"color-mix(in oklab, {first} {part}%, {other})"


def _written(root: Any) -> str:
    Xml.register_namespace("", SVG)
    Xml.register_namespace("xlink", XLINK)
    return re.sub(r">\s+<", "><", Xml.tostring(root, encoding="unicode"))  # between elements
