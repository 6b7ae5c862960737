"""What came of a load: how many answers, of which status, how late."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Load:
    """What came of a load: seconds by status, connections that failed, models that answered."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    errors: int = 0
    unsent: int = 0  # because all connections were in use
    versions: Counter[str] = field(default_factory=Counter)
    answered: list[float] = field(default_factory=list)  # when, by perf_counter

    def count(self, status: int) -> int:
        """How many answers had this status."""
        return len(self.seconds.get(status, []))

    def milliseconds(self, status: int, quantile: float) -> float:
        """A quantile of the time that answers with this status took; 0 if there were none."""
        ordered = sorted(self.seconds.get(status, [0.0]))
        return 1000 * ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]

    @property
    def statuses(self) -> set[int]:
        """Every status that came."""
        return set(self.seconds)
