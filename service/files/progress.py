"""How far a run is, on a terminal: one line, written again and again."""

import sys
from time import monotonic

PAUSE = 0.2  # seconds
WIDTH = 30  # characters of the bar


class Progress:
    """Of `total` bytes; silent where nobody looks."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._shown = sys.stderr.isatty()
        self._began = self._last = monotonic()

    def show(self, position: int, rows: int) -> None:
        """Tell the bytes read and the rows scored so far."""
        now = monotonic()
        if not self._shown or now - self._last < PAUSE:
            return
        self._last = now
        share = min(position / max(1, self.total), 1.0)
        bar = "#" * int(share * WIDTH)
        speed = rows / max(now - self._began, 1e-9)
        print(
            f"\r[{bar:<{WIDTH}}] {share:4.0%}  {rows:,} rows, {speed:,.0f} a second ",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def clear(self) -> None:
        """Leave the line empty, for what comes next."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
