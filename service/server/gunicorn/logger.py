"""gunicorn's logger, which writes its lines to stdout as JSON, like the rest of the service."""

import logging
import sys

from gunicorn.config import Config
from gunicorn.glogging import Logger

from service.observability.logs import JSONFormatter


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn has no type hints
    """gunicorn's logger with one handler, on stdout."""

    def setup(self, cfg: Config) -> None:
        """Replace gunicorn's handlers."""
        super().setup(cfg)
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JSONFormatter())
        self.error_log.handlers = [handler]
