"""gunicorn's configuration for tests of deferred parsing: one queued request makes it begin."""

from pathlib import Path
from typing import Any

exec(Path("gunicorn.conf.py").read_text())  # noqa: S102  # it is ours
begin = globals()["post_fork"]


def post_fork(server: Any, worker: Any) -> None:
    """Do what is configured, then lower the number."""
    from service.scheduling import inline_batcher

    begin(server, worker)
    inline_batcher.DEFER_PARSING_AT = 0
