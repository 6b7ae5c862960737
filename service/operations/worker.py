"""gunicorn's worker, which would look only once a second whether it is to stop."""

import asyncio
from typing import Any

from gunicorn.workers.gasgi import ASGIWorker


class Worker(ASGIWorker):  # type: ignore[misc]  # no type hints
    """Stops when it is told."""

    _serving: asyncio.Task[Any] | None = None

    async def _serve(self) -> None:
        self._serving = asyncio.current_task()
        await super()._serve()

    def handle_exit_signal(self) -> None:
        """SIGTERM: finish what is in flight."""
        self._wake()
        super().handle_exit_signal()

    def handle_quit_signal(self) -> None:
        """SIGQUIT or SIGINT: stop at once."""
        self._wake()
        super().handle_quit_signal()

    def _wake(self) -> None:
        """End the pause between two looks, which takes a cancellation as its end."""
        pauses = self.alive and len(self.servers) == len(self.sockets)
        if pauses and self._serving is not None:
            self._serving.cancel()
