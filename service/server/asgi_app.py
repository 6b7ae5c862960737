"""The ASGI app around Flask: it reads requests on the event loop and schedules predictions.

The whole body is read here, with a limit and a deadline, before Flask is called, so that no slow
client occupies a thread. A prediction that is expected to be quick runs on the event loop itself:
handing it to a thread would take longer. Slow predictions run in one thread. All other requests
are answered at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from re import Pattern
from time import perf_counter
from wsgiref.types import WSGIApplication, WSGIEnvironment

from service.api.forwarded import Proxies
from service.api.predict import PATH
from service.api.problems import Problem
from service.api.request_state import KEY, RequestState, state_of
from service.middleware.auth import AccessControl
from service.middleware.fast_path import FastPath
from service.middleware.response import ResponseContext
from service.scheduling.admission import RejectedError
from service.scheduling.inline_batcher import InlineBatcher
from service.scheduling.jobs import Job, QueueEntry
from service.scheduling.thread_batcher import ThreadBatcher
from service.server import request_body, request_target
from service.server.drain import Drain
from service.server.prediction import PredictionResponder
from service.server.rejection import RejectionResponder, problem_of
from service.server.request_body import Message, Receive
from service.server.unsent import Unsent
from service.server.wsgi import Response, Scope, build_environ, run_wsgi, set_body
from service.settings import Settings

Send = Callable[[Message], Awaitable[None]]
Prediction = Job[WSGIEnvironment]

SIMPLE_TARGET = PATH.encode()  # of nearly all requests
TIMEOUT_HEADER = "HTTP_X_REQUEST_TIMEOUT_MS"
MAX_PREPARSE_BYTES = 1_048_576  # the loop parses numbers of this size in less than 2 ms
# A quick prediction takes at most this time, about as long as passing it to a thread and back.
MAX_INLINE_SECONDS = 0.002


class ASGIApp:
    """An ASGI app around a WSGI app.

    `expected_seconds` estimates the time to answer a body of so many bytes.
    `other_predictions` matches the paths of predictions in other protocols. `start_up` runs once in
    each worker before its first request; if it raises, gunicorn stops. `shut_down` runs after the
    last request. With `fast_path`, requests that it allows to share a call of the model are
    predicted in batches.
    """

    proxies = Proxies(())  # gunicorn's worker sets those that its configuration trusts

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        drain: Drain,
        access: AccessControl,
        context: ResponseContext,
        *,
        expected_seconds: Callable[[int], float],
        start_up: Callable[[], object],
        shut_down: Callable[[], object] = lambda: None,
        other_predictions: Pattern[str] | None = None,
        fast_path: FastPath | None = None,
    ) -> None:
        self.app = app
        self.settings = settings
        self.drain = drain
        self.access = access
        self.metrics = context.metrics
        self.expected_seconds = expected_seconds
        self.start_up = start_up
        self.shut_down = shut_down
        self.other_predictions = other_predictions
        self.fast_path = fast_path
        self._can_batch = fast_path is not None and fast_path.can_batch
        self.unsent = Unsent(context.metrics.disconnected)
        self._rejections = RejectionResponder(context)
        self._predictions = PredictionResponder(context, fast_path) if fast_path else None
        limits = (settings.queue_seconds, expected_seconds, settings.max_body_bytes)
        self._inline = InlineBatcher(*limits, self._run, self._predict_batch)
        self._threaded = ThreadBatcher(*limits, self._start_in_thread)
        self._thread = ThreadPoolExecutor(1, "compute")  # it starts its thread with the first task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one event of the worker's lifespan."""
        if scope["type"] == "http":
            self.metrics.begin()
            try:
                await self._answer(scope, receive, send)
            finally:
                self.metrics.end()
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self.start_up()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.metrics.publish()
        self.shut_down()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = self._build_environ(scope, perf_counter())
        is_read = False
        try:
            if scope["raw_path"] != SIMPLE_TARGET or "HTTP_HOST" not in environ:
                request_target.resolve(environ, scope["raw_path"])
            set_body(environ, await request_body.read_body(environ, receive, self.settings))
            is_read = True
            response = await self._schedule(environ)
        except RejectedError as error:
            response = self.rejection(environ, error)
        except Problem as error:
            response = self._fail(environ, error)
        # The client may be slow to read the response; free the body of its request before.
        del environ
        status, headers, content = response
        if self.drain.is_on:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        if not is_read:
            await request_body.drain_unread_body(receive)

    def _build_environ(self, scope: Scope, arrived: float) -> WSGIEnvironment:
        """The WSGI environ of a request, with the client's own address, not that of a proxy."""
        environ = build_environ(scope)
        self._add_state(environ, arrived)
        return environ

    def _add_state(self, environ: WSGIEnvironment, arrived: float) -> RequestState:
        state = environ[KEY] = RequestState(arrived, is_full=self.unsent.is_full)
        if forwarded := environ.get("HTTP_X_FORWARDED_FOR"):
            environ["REMOTE_ADDR"] = self.proxies.client(environ["REMOTE_ADDR"], forwarded)
        return state

    async def _schedule(self, environ: WSGIEnvironment) -> Response:
        """The app's response, at once or, for a prediction, when it is scheduled.

        RejectedError if a prediction is not run, Problem if the request is bad.
        """
        size_bytes = len(state_of(environ).body or b"")
        if not (size_bytes and self.is_prediction(environ)):
            return run_wsgi(self.app, environ)  # health, metrics, descriptions, errors
        job = self._job(environ, size_bytes, perf_counter())
        if self.is_quick(size_bytes) or self._preparse(job):
            return await self._inline.submit(job)
        return await self._threaded.submit(job)

    def is_prediction(self, environ: WSGIEnvironment) -> bool:
        """Whether a request needs the model, and therefore is scheduled."""
        path = environ["PATH_INFO"]
        others = self.other_predictions
        return (
            environ["REQUEST_METHOD"] == "POST"
            and (path == PATH or (others is not None and bool(others.fullmatch(path))))
            and self.access.is_allowed(environ)
        )

    def is_quick(self, size_bytes: int) -> bool:
        """Whether a request of this size, with or without its head, can be answered quickly."""
        return (
            size_bytes <= self.settings.max_body_bytes
            and self.expected_seconds(size_bytes) <= MAX_INLINE_SECONDS
        )

    def rejection(self, environ: WSGIEnvironment, error: RejectedError) -> Response:
        """The response to a prediction that was not run."""
        error.__traceback__ = None  # else there is a reference cycle, as in `_fail`
        state_of(environ).queue_seconds = error.queue_seconds
        response = self._rejections.respond(environ, error)
        return response or self._fail(environ, problem_of(error))

    def _fail(self, environ: WSGIEnvironment, error: Problem) -> Response:
        """The app's response to a request that failed with this error."""
        # The traceback refers to the request, and the request to the error: a reference cycle.
        error.__traceback__ = error.__context__ = None
        state_of(environ).error = error
        set_body(environ, b"")
        return run_wsgi(self.app, environ)

    # For requests that are queued as raw bytes (server/gunicorn/):

    def enqueue(self, entry: QueueEntry[WSGIEnvironment]) -> None:
        """Queue a quick prediction that has not been parsed."""
        self._inline.enqueue(entry)

    def deferred_job(
        self, environ: WSGIEnvironment, body: bytes, arrived: float
    ) -> Prediction | None:
        """The job of a request that was queued unparsed; None if Flask must refuse it."""
        state = self._add_state(environ, arrived)
        state.body = body
        if not (body and self.access.is_allowed(environ)):
            return None
        try:
            return self._job(environ, len(body), arrived)
        except Problem:
            return None

    # Making and running jobs:

    def _job(self, environ: WSGIEnvironment, size_bytes: int, created: float) -> Prediction:
        """The job of a prediction; Problem 400 if the client's own deadline is malformed."""
        is_batchable = (
            self._can_batch and self.fast_path is not None and self.fast_path.is_eligible(environ)
        )
        deadline = created + timeout_seconds(environ, self.settings.deadline_seconds)
        return Job(environ, size_bytes, is_batchable, created, deadline)

    def _preparse(self, job: Prediction) -> bool:
        """Parse long columns of numbers on the loop; whether the rest of the job is quick."""
        if not (self.fast_path and job.is_batchable and job.size_bytes <= MAX_PREPARSE_BYTES):
            return False
        seconds = self.fast_path.preparse(job.request)
        if seconds is None or seconds > MAX_INLINE_SECONDS:
            return False
        job.is_batchable = False  # it is predicted alone
        return True

    def _run(self, job: Prediction) -> Response:
        environ, state = job.request, state_of(job.request)
        state.queue_seconds = job.queue_seconds
        if self._predictions and (response := self._predictions.respond(environ)):
            return response
        if "wsgi.input" not in environ:  # it was queued unparsed
            set_body(environ, state.body or b"")
        return run_wsgi(self.app, environ)

    def _predict_batch(self, jobs: Sequence[Prediction]) -> None:
        if self.fast_path:
            self.fast_path.predict_batch([job.request for job in jobs])

    def _start_in_thread(self, jobs: Sequence[Prediction]) -> Sequence[asyncio.Future[Response]]:
        """Submit jobs to the thread, in order. Each response is sent as soon as it is ready.

        The thread also writes the log lines and metrics, while the loop reads and rejects other
        requests.
        """
        loop = asyncio.get_running_loop()
        if len(jobs) > 1:
            loop.run_in_executor(self._thread, self._predict_batch, jobs)
        return [loop.run_in_executor(self._thread, self._run, job) for job in jobs]


def timeout_seconds(environ: WSGIEnvironment, max_seconds: float) -> float:
    """The time within which a prediction must start: that of the request's header, if it is less
    than `max_seconds`.

    Problem 400 if the header is not a number.
    """
    given = environ.get(TIMEOUT_HEADER)
    if given is None:
        return max_seconds
    if not (given.isascii() and given.isdigit()):
        raise Problem(400, "X-Request-Timeout-Ms must be a whole number of milliseconds")
    return min(int(given[:9]) / 1000, max_seconds)
