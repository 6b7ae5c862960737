"""gunicorn's worker: soon to stop, and slow to accept, so that nobody waits for it.

gunicorn's own looks once a second whether it is to stop, and then waits for idle connections. The
names of gunicorn's used here are not public: if they change, the tests of draining fail.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers.gasgi import ASGIWorker

ACCEPTS = 8  # new connections at a time: while asyncio's 100 are accepted, everybody else waits
LAST_REQUESTS = 0.5  # seconds for those that are on their way when the worker is to stop


class Worker(ASGIWorker):  # type: ignore[misc]  # no type hints
    """Stops when it is told; a connection without a request does not hold it up."""

    _serving: asyncio.Task[Any] | None = None

    def _setup_event_loop(self) -> None:
        super()._setup_event_loop()
        self._connections: WeakSet[ASGIProtocol] = WeakSet()
        self._create_server = self.loop.create_server
        self.loop.create_server = self._listen

    async def _listen(
        self, protocol_factory: Callable[[], ASGIProtocol], *, sock: Any, **options: Any
    ) -> asyncio.Server:
        """Accept a few at a time, and let `backlog` wait: asyncio has one number for both."""

        def remember() -> ASGIProtocol:
            connection = protocol_factory()
            self._connections.add(connection)
            return connection

        server: asyncio.Server = await self._create_server(
            remember, sock=sock, backlog=ACCEPTS, **options
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
        """Close connections without a request, as when they have been kept too long."""
        for connection in list(self._connections):
            if connection._awaiting_request:
                connection._keepalive_timeout()
