"""gunicorn's configuration for tests with few file descriptors: it lowers the process limit."""

import resource
from pathlib import Path

DESCRIPTORS = 64
resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
exec(Path("gunicorn.conf.py").read_text())  # noqa: S102  # it is ours
