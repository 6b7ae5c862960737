"""Draws the requests per second of each peer, with a panel for each model."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import OURS, SKLEARN, Case, Figures
from benchmarks.models import Model
from benchmarks.roster import Peer

COLOURS = {True: "#0b6e4f", False: "#9aa5b1"}  # this service, the others


def draw(
    file: Path, peers: Sequence[Peer], models: Sequence[Model], rows: int, figures: Figures
) -> None:
    """Write an SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "slipway"  # the same figures give the same file
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    from matplotlib import pyplot as plt

    height = 0.8 + 0.3 * len(peers)
    picture, panels = plt.subplots(
        len(models), 1, figsize=(8, height * len(models)), squeeze=False, layout="constrained"
    )
    for panel, model in zip(panels[:, 0], models, strict=True):
        points = [figures.point(Case(peer.name, model.name, rows)) for peer in peers]
        rates = [point.rate if point else 0.0 for point in points]
        bars = panel.barh(
            [peer.title for peer in peers],
            rates,
            color=[COLOURS[peer.name in (OURS, SKLEARN)] for peer in peers],
        )
        panel.bar_label(bars, [f" {rate:,.0f}" if rate else " cannot" for rate in rates])
        panel.set_xlim(0, 1.15 * max([1.0, *rates]))
        panel.invert_yaxis()
        panel.set_title(model.title, loc="left")
        panel.spines[["top", "right"]].set_visible(False)
    picture.suptitle(f"Requests per second, {rows:,} rows in each, 16 connections, one core")
    picture.savefig(file, metadata={"Date": None})
    plt.close(picture)
