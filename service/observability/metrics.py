"""Prometheus metrics: what is counted, and `/metrics`, on a port of its own.

All workers write to files in memory (gunicorn.conf.py makes their folder), and each can add them
up, so the numbers cover all workers, and stay when a worker ends. Labels have few values, whatever
clients send. No load balancer forwards to the port of the metrics.

To add a metric: create it in `Metrics.__init__`, and list it in docs/operations.md. A metric that
changes with every request is added up in memory (a field of `Tally`, filled by `_add` from the
`RequestState`) and published 20 times a second, by `_publish`. A rare event is counted at once, by
a method such as `count_rejection`.
"""

import asyncio
from collections.abc import Collection
from functools import cache
from itertools import islice
from time import perf_counter
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from service import __version__
from service.api.problems import Problem
from service.api.request_state import state_of
from service.model.manifest import Manifest
from service.observability.logs import known_method
from service.observability.tally import Tally, observe

PATH = "/metrics"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
PUBLISH_SECONDS = 0.05
MAX_INPUTS = 100  # labels of one metric; further inputs are counted together
OTHERS = "others"
REJECTION_REASONS = ("busy", "deadline")


class Metrics:
    """All metrics of a service. docs/operations.md lists them, too."""

    def __init__(self, name: str, version: str, engine: str, encoded: Collection[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "slipway_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.duration = Histogram(
            "slipway_request_duration_seconds",
            "From a request's head to its answer",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.predict = Histogram(
            "slipway_predict_duration_seconds",
            "The model's own time for a request",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.queue = Histogram(
            "slipway_queue_wait_seconds",
            "How long a prediction was queued",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.unknown = Counter(
            "slipway_unknown_categories",
            "Rows with a value that the model's encoders do not know",
            ("input",),
            registry=self.registry,
        )
        self.rows = Counter("slipway_rows", "Rows predicted", registry=self.registry)
        self.shed = Counter(
            "slipway_shed",
            "Predictions rejected because of the load",
            ("reason",),
            registry=self.registry,
        )
        self.disconnected = Counter(
            "slipway_disconnected",
            "Clients disconnected because they did not read their answer",
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "slipway_requests_in_flight",
            "Requests that are being read, queued or answered",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        Gauge(
            "slipway_model_info",
            "1 for the model that is being served",
            ("name", "version", "engine"),
            registry=self.registry,
            multiprocess_mode="max",
        ).labels(name, version, engine).set(1)
        Gauge(
            "slipway_build_info",
            "1 for the version of Slipway that serves",
            ("version",),
            registry=self.registry,
            multiprocess_mode="max",
        ).labels(__version__).set(1)
        for reason in REJECTION_REASONS:
            self.shed.labels(reason)  # exported as 0 from the start: alarms need a number
        for one in encoded:
            self.unknown.labels(one)
        self._encoded = frozenset(encoded)
        # Finding a child by its labels takes as long as counting.
        self._requests_of = cache(self.requests.labels)
        self._duration_of = cache(self.duration.labels)
        self._shed_of = cache(self.shed.labels)
        self._tally: Tally | None = None  # of the event loop's thread
        self._unknown_of = cache(self.unknown.labels)

    @classmethod
    def of(cls, manifest: Manifest) -> "Metrics":
        """The metrics of a service with this model."""
        encoded = islice(manifest.known, MAX_INPUTS)
        return cls(manifest.name, manifest.version, manifest.engine, [*encoded])

    def begin(self) -> None:
        """Count a request as in flight. The event loop calls it, and `end` once for each."""
        self._unpublished().in_flight += 1

    def end(self) -> None:
        """Count a request as no longer in flight."""
        self._unpublished().in_flight -= 1

    def count(self, environ: WSGIEnvironment, route: str, status: int) -> None:
        """Count one answer."""
        try:
            tally = self._unpublished()
        except RuntimeError:  # no event loop runs in this thread
            tally = Tally()
            self._add(tally, environ, route, status)
            self._publish(tally)
        else:
            self._add(tally, environ, route, status)

    def publish(self) -> None:
        """Publish what the event loop's thread has counted."""
        tally, self._tally = self._tally, None
        if tally is not None:
            self._publish(tally)

    def _unpublished(self) -> Tally:
        """The tally of the event loop's thread; RuntimeError if no loop runs in this thread."""
        loop = asyncio.get_running_loop()
        if self._tally is None:
            self._tally = Tally()
            loop.call_later(PUBLISH_SECONDS, self.publish)
        return self._tally

    @staticmethod
    def _add(tally: Tally, environ: WSGIEnvironment, route: str, status: int) -> None:
        tally.requests[known_method(environ), route, status] += 1
        state = state_of(environ)
        tally.durations[route].append(perf_counter() - state.arrived)
        if state.queue_seconds is not None:
            tally.queue.append(state.queue_seconds)
        if state.predict_seconds is not None:
            tally.predict.append(state.predict_seconds)
            tally.rows += state.rows or 0
            tally.unknown.update(state.unknown)

    def _publish(self, tally: Tally) -> None:
        for labels, times in tally.requests.items():
            self._requests_of(*labels).inc(times)
        for route, seconds in tally.durations.items():
            observe(self._duration_of(route), SECONDS, seconds)
        observe(self.queue, SECONDS, tally.queue)
        observe(self.predict, SECONDS, tally.predict)
        if tally.predict:
            self.rows.inc(tally.rows)
        for name, rows in tally.unknown.items():
            self._unknown_of(name if name in self._encoded else OTHERS).inc(rows)
        if tally.in_flight:
            self.in_flight.inc(tally.in_flight)

    def count_rejection(self, reason: str) -> None:
        """Count one prediction that was rejected because of the load."""
        self._shed_of(reason).inc()

    def text(self) -> bytes:
        """All metrics, summed over all workers, in Prometheus' text format."""
        self.publish()
        if not ValueClass._multiprocess:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def init_app(app: Flask, metrics: Metrics, port: int) -> None:
    """Serve the metrics on `port`, and nothing else there."""
    metrics_port = str(port)

    @app.before_request
    def separate_ports() -> None:
        environ = request.environ
        if (environ["SERVER_PORT"] == metrics_port) != (environ["PATH_INFO"] == PATH):
            raise Problem(404, "not found")

    @app.get(PATH)
    def show() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
