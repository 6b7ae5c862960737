"""gunicorn's ASGI worker, changed so that it stops promptly, accepts connections in small batches,
and keeps a descriptor in reserve for the next connection.

gunicorn's own looks once a second whether it is to stop, and then waits for idle connections. The
names of gunicorn's used here are not public: if they change, the tests of draining fail.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from gunicorn.workers.gasgi import ASGIWorker

from service.operations.descriptors import EXHAUSTED, Listener
from service.operations.forwarded import Proxies

if TYPE_CHECKING:
    from service.operations.connection import Connection

ACCEPTS = 8  # new connections at a time: while asyncio's 100 are accepted, everybody else waits
CLOSES = 0.05  # of the connections that wait for their client, at least: to find them takes time
WARNS = 60.0  # seconds between two warnings of that
LAST_REQUESTS = 0.5  # seconds for those that are on their way when the worker is to stop

log = logging.getLogger("slipway.connections")


class Worker(ASGIWorker):  # type: ignore[misc]  # no type hints
    """Stops when it is told; a connection without a request does not hold it up."""

    _serving: asyncio.Task[Any] | None = None
    _warned = float("-inf")

    def _setup_event_loop(self) -> None:
        super()._setup_event_loop()
        self._connections: WeakSet[Connection] = WeakSet()
        self._create_server = self.loop.create_server
        self.loop.create_server = self._listen
        self.loop.set_exception_handler(self._handle_loop_error)

    async def _listen(
        self, protocol_factory: Callable[[], object], *, sock: Any, **options: Any
    ) -> asyncio.Server:
        """Accept a few at a time, and let `backlog` wait: asyncio has one number for both."""
        # Not before the app, or NumPy would be imported before it is told to start no threads.
        from service.operations.connection import Connection
        from service.operations.unsent import bound_kernel

        def connection() -> Connection:
            made = Connection(self)
            self._connections.add(made)
            return made

        server: asyncio.Server = await self._create_server(
            connection, sock=sock, backlog=ACCEPTS, **options
        )
        bound_kernel(sock)
        sock.listen(self.cfg.backlog)
        return server

    def load_wsgi(self) -> None:
        """Load the app, and tell it whom gunicorn trusts to say where a request came from."""
        super().load_wsgi()
        self.asgi.proxies = Proxies(self.cfg.forwarded_allow_ips)

    async def _serve(self) -> None:
        self._serving = asyncio.current_task()
        for own in self.sockets:
            own.sock = Listener(own.sock, self._make_room)
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

    def _make_room(self, number: int) -> Sequence[Any]:
        """Close connections that wait for a request, those first that have waited longest.

        If there are none, close some whose request has not come whole. Their sockets.
        """
        waiting = [one for one in self._connections if one.is_open and one.is_waiting]
        if not waiting:
            waiting = [one for one in self._connections if one.is_open and one.is_unfinished]
        number = max(number, int(len(waiting) * CLOSES))
        closed = nsmallest(number, waiting, key=lambda one: one.idle_until)
        for connection in closed:
            connection.end()
            connection.transport.abort()
        self._warn("no more descriptors: connections without a request were closed")
        return [connection.transport.get_extra_info("socket") for connection in closed]

    def _handle_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Warn that no client can connect; leave all other errors to asyncio's own handler."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in EXHAUSTED:
            self._warn("no more descriptors: no client can connect")
        else:
            loop.default_exception_handler(context)

    def _warn(self, message: str) -> None:
        """Write a line, but not one for each connection."""
        if self.loop.time() >= self._warned + WARNS:
            self._warned = self.loop.time()
            log.warning(message, extra={"fields": {"connections": self.nr_conns}})
