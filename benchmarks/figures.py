"""The measurements by peer, model and rows; their medians; the ratios between peers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

OURS, SKLEARN, LIMIT = NO_PEERS = "slipway", "sklearn", "limit"
LIVE = 0  # the number of rows of a request that is not a prediction


@dataclass(frozen=True, slots=True)
class Point:
    """The result of one load: requests per second, and quantiles of their latency in ms."""

    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Case:
    """A peer, a model, and the number of rows in a request."""

    peer: str
    model: str
    rows: int


@dataclass(slots=True)
class Figures:
    """All measurements of a run; `cannot` has the reason why a case was not measured."""

    points: dict[Case, list[Point]] = field(default_factory=lambda: defaultdict(list))
    cannot: dict[Case, str] = field(default_factory=dict)
    start: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first_mb: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    further_mb: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    size_mb: dict[str, float] = field(default_factory=dict)

    def point(self, case: Case) -> Point | None:
        """The median of each figure of a case; None if the case was not measured."""
        found = self.points.get(case)
        if not found:
            return None
        return Point(*(median(getattr(one, name) for one in found) for name in Point.__slots__))

    def others(self, model: str, rows: int, peers: Iterable[str]) -> dict[str, Point]:
        """The peers with this model and number of rows, without this service and the limit."""
        found = {peer: self.point(Case(peer, model, rows)) for peer in peers}
        return {
            peer: point
            for peer, point in found.items()
            if point is not None and peer not in NO_PEERS
        }


def middle(values: Iterable[float]) -> float | None:
    """The median; None without values."""
    listed = list(values)
    return median(listed) if listed else None


def ratios(figures: Figures, models: Iterable[str], rows: Iterable[int]) -> list[str]:
    """Lines that compare this service with the fastest peer, the smallest peer and the limit."""
    peers = {case.peer for case in figures.points}
    lines = []
    for model in models:
        for count in rows:
            slipway = figures.point(Case(OURS, model, count))
            others = figures.others(model, count, peers)
            if slipway is None:
                continue
            parts = []
            if others:
                fastest = max(others, key=lambda peer: others[peer].rate)
                best = others[fastest]
                parts.append(f"{slipway.rate / best.rate:.2f} × the fastest peer ({fastest})")
                parts.append(f"p99 {slipway.p99 / best.p99:.2f} × its p99")
                if sklearn := figures.point(Case(SKLEARN, model, count)):
                    parts.append(f"by scikit-learn {sklearn.rate / best.rate:.2f} × that peer")
                parts += [
                    f"{slipway.rate / others[peer].rate:.2f} × {peer}"
                    for peer in sorted(others)
                    if peer != fastest
                ]
            limit = figures.point(Case(LIMIT, model, count))
            if limit:
                parts.append(f"{slipway.rate / limit.rate:.2f} of the limit")
            live = figures.point(Case(OURS, model, LIVE))
            if live and count == 3:
                parts.append(f"{slipway.rate / live.rate:.2f} of GET /health/live")
            if parts:
                lines.append(f"{model}, {count:,} rows: {'; '.join(parts)}")
    for name, values in (("start to first answer", figures.start), ("memory", figures.first_mb)):
        own = middle(values.get(OURS, []))
        by_peer = {p: median(v) for p, v in values.items() if v and p not in NO_PEERS}
        if own and by_peer:
            least = min(by_peer, key=lambda peer: by_peer[peer])
            lines.append(f"{name}: {own / by_peer[least]:.2f} × the least of a peer ({least})")
    return lines
