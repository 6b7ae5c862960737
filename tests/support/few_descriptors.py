"""gunicorn's configuration for tests of a lack of descriptors: the processes may open few."""

import resource
from pathlib import Path

DESCRIPTORS = 64
resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
exec(Path("gunicorn.conf.py").read_text())  # noqa: S102  # it is ours
