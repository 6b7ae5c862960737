"""gunicorn's worker: soon to stop, and slow to accept, so that nobody waits for it.

gunicorn's own looks once a second whether it is to stop, and then waits for idle connections. The
names of gunicorn's used here are not public: if they change, the tests of draining fail.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from gunicorn.workers.gasgi import ASGIWorker

if TYPE_CHECKING:
    from service.operations.connection import Connection

ACCEPTS = 8  # new connections at a time: while asyncio's 100 are accepted, everybody else waits
LAST_REQUESTS = 0.5  # seconds for those that are on their way when the worker is to stop


class Worker(ASGIWorker):  # type: ignore[misc]  # no type hints
    """Stops when it is told; a connection without a request does not hold it up."""

    _serving: asyncio.Task[Any] | None = None

    def _setup_event_loop(self) -> None:
        super()._setup_event_loop()
        self._connections: WeakSet[Connection] = WeakSet()
        self._create_server = self.loop.create_server
        self.loop.create_server = self._listen

    async def _listen(
        self, protocol_factory: Callable[[], object], *, sock: Any, **options: Any
    ) -> asyncio.Server:
        """Accept a few at a time, and let `backlog` wait: asyncio has one number for both."""
        # Not before the app, or NumPy would be imported before it is told to start no threads.
        from service.operations.connection import Connection

        def connection() -> Connection:
            made = Connection(self)
            self._connections.add(made)
            return made

        server: asyncio.Server = await self._create_server(
            connection, sock=sock, backlog=ACCEPTS, **options
        )
        sock.listen(self.cfg.backlog)
        return server

    async def _serve(self) -> None:
        self._serving = asyncio.current_task()
        await super()._serve()

    def handle_exit_signal(self) -> None:
        """SIGTERM: finish what is in flight."""
        self._wake()
        self.loop.call_later(LAST_REQUESTS, self._close_idle)
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

    def _close_idle(self) -> None:
        for connection in list(self._connections):
            if connection.is_idle:
                connection.end()
