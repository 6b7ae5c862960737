"""Results of a load test: number, statuses and latencies of the answers."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Load:
    """Latencies in seconds by status, failed connections, versions of the models that answered."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    errors: int = 0
    unsent: int = 0  # requests left out because all connections were in use
    versions: Counter[str] = field(default_factory=Counter)
    answered: list[float] = field(default_factory=list)  # times by perf_counter

    def count(self, status: int) -> int:
        """The number of answers with this status."""
        return len(self.seconds.get(status, []))

    def milliseconds(self, status: int, quantile: float) -> float:
        """A quantile of the latency of answers with this status, in ms; 0 without answers."""
        ordered = sorted(self.seconds.get(status, [0.0]))
        return 1000 * ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]

    @property
    def statuses(self) -> set[int]:
        """All statuses that occurred."""
        return set(self.seconds)
