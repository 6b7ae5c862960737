"""A terminal on which a command draws its progress."""

import io


class Terminal(io.StringIO):
    """Text that a terminal was given."""

    def isatty(self) -> bool:
        return True
