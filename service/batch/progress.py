"""Shows the progress of a run on a terminal, in one line."""

import sys
from time import monotonic

UPDATE_SECONDS = 0.2
BAR_CHARACTERS = 30


class Progress:
    """Progress up to `total`; silent if stderr is not a terminal."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._shown = sys.stderr.isatty()
        self._began = self._last = monotonic()

    def show(self, position: int, rows: int) -> None:
        """Show how much was read, in the unit of `total`, and the rows scored so far."""
        now = monotonic()
        if not self._shown or now - self._last < UPDATE_SECONDS:
            return
        self._last = now
        share = min(position / max(1, self.total), 1.0)
        bar = "#" * int(share * BAR_CHARACTERS)
        speed = rows / max(now - self._began, 1e-9)
        print(
            f"\r[{bar:<{BAR_CHARACTERS}}] {share:4.0%}  {rows:,} rows, {speed:,.0f} a second ",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def clear(self) -> None:
        """Clear the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
