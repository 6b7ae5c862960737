"""gunicorn's ASGI worker, changed so that it shuts down promptly, accepts connections in small
batches, and keeps file descriptors in reserve for new connections.

gunicorn's own worker checks once a second whether it is to stop, and then waits for idle
connections.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from gunicorn.workers.gasgi import ASGIWorker

from service.api.forwarded import Proxies
from service.server.descriptors import EXHAUSTED, Listener
from service.server.gunicorn import compat
from service.server.gunicorn.compat import Support

if TYPE_CHECKING:
    from service.server.gunicorn.protocol import Protocol

# New connections that are accepted in one iteration of the loop. asyncio accepts 100, and meanwhile
# all other requests wait.
ACCEPT_BATCH = 8
CLOSED_SHARE = (
    0.05  # of the idle connections, which are closed together because finding them is slow
)
WARNING_SECONDS = 60.0  # between two warnings about descriptors
LAST_REQUESTS_SECONDS = 0.5  # after the signal to stop, for requests that were sent before

log = logging.getLogger("slipway.connections")


class Worker(ASGIWorker):  # type: ignore[misc]  # no type hints
    """A worker that stops once the requests in flight are answered, whatever is idle."""

    support = Support.NOTHING  # until gunicorn has been checked
    _serving: asyncio.Task[Any] | None = None
    _last_warning = float("-inf")

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Check gunicorn itself as well, once in the first process, before workers are forked."""
        super().check_config(cfg, log)
        cls.support = compat.support(cfg, log)

    def _setup_event_loop(self) -> None:
        super()._setup_event_loop()
        if self.support >= Support.TIMEOUTS:
            self._connections: WeakSet[Protocol] = WeakSet()
            self._create_server = self.loop.create_server
            self.loop.create_server = self._listen
        self.loop.set_exception_handler(self._handle_loop_error)

    async def _listen(
        self, protocol_factory: Callable[[], object], *, sock: Any, **options: Any
    ) -> asyncio.Server:
        """Listen with a long queue, but accept few connections at a time.

        asyncio has one number, `backlog`, for both.
        """
        # This module imports NumPy, which must wait until gunicorn.conf.py has set the number of
        # its threads.
        from service.server.gunicorn.deferring_protocol import DeferringProtocol
        from service.server.gunicorn.protocol import Protocol
        from service.server.unsent import limit_kernel_buffer

        is_deferring = self.support >= Support.ALL and self.asgi.settings.fast_path
        protocol_class = DeferringProtocol if is_deferring else Protocol

        def make_protocol() -> Protocol:
            connection = protocol_class(self)
            self._connections.add(connection)
            return connection

        server: asyncio.Server = await self._create_server(
            make_protocol, sock=sock, backlog=ACCEPT_BATCH, **options
        )
        limit_kernel_buffer(sock)
        sock.listen(self.cfg.backlog)
        return server

    def load_wsgi(self) -> None:
        """Load the app, and pass it the proxies that gunicorn's configuration trusts."""
        super().load_wsgi()
        self.asgi.proxies = Proxies(self.cfg.forwarded_allow_ips)

    async def _serve(self) -> None:
        if self.support >= Support.TIMEOUTS:
            self._serving = asyncio.current_task()
            for own in self.sockets:
                own.sock = Listener(own.sock, self._make_room)
        await super()._serve()
        # Ignore a second Ctrl-C: there is nothing left to stop, and asyncio, which has closed the
        # pipe that signals are written to, would print a traceback (CPython 3.11 to 3.13).
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            self.loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)

    def handle_exit_signal(self) -> None:
        """SIGTERM: finish the requests in flight, then stop."""
        self._wake()
        if self._serving is not None:
            self.loop.call_later(LAST_REQUESTS_SECONDS, self._close_idle)
        super().handle_exit_signal()

    def handle_quit_signal(self) -> None:
        """SIGQUIT or SIGINT: stop at once."""
        self._wake()
        super().handle_quit_signal()

    def _wake(self) -> None:
        """End the pause between two checks, which gunicorn does when it is cancelled."""
        if self._serving is None:
            return
        if self.alive and len(self.servers) == len(self.sockets):
            self._serving.cancel()

    def _close_idle(self) -> None:
        for connection in list(self._connections):
            if connection.is_idle:
                connection.end()

    def _make_room(self, number: int) -> Sequence[Any]:
        """Close idle connections, starting with those that have been idle longest.

        If there are none, close connections whose request has not arrived completely. Return the
        sockets of the closed connections.
        """
        candidates = [one for one in self._connections if one.is_open and one.is_waiting]
        if not candidates:
            candidates = [one for one in self._connections if one.is_open and one.is_unfinished]
        number = max(number, int(len(candidates) * CLOSED_SHARE))
        closed = nsmallest(number, candidates, key=lambda one: one.idle_until)
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
        """Log a warning, at most one in WARNING_SECONDS."""
        if self.loop.time() >= self._last_warning + WARNING_SECONDS:
            self._last_warning = self.loop.time()
            log.warning(message, extra={"fields": {"connections": self.nr_conns}})
