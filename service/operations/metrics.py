"""Prometheus `/metrics`, on a port of its own, which no load balancer forwards to.

All workers write to files in memory that any of them sums up (gunicorn.conf.py makes the folder),
so the numbers are right with several workers, and stay when one is lost. Labels have few values,
whatever clients send.
"""

from functools import cache
from time import perf_counter
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from service.api.environ import ARRIVED, PREDICTED, ROWS, WAITED
from service.api.problems import Problem
from service.model.manifest import Manifest
from service.operations.logs import known_method

PATH = "/metrics"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SHED = {503: "busy", 504: "deadline"}


class Metrics:
    """What is counted. The names and their meaning stand in docs/operations.md, too."""

    def __init__(self, name: str, version: str, engine: str) -> None:
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
            "Wait of a prediction for its turn",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.rows = Counter("slipway_rows", "Rows predicted", registry=self.registry)
        self.shed = Counter(
            "slipway_shed",
            "Predictions refused because of the load",
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
            "Requests that are being read, wait or are being answered",
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
        for reason in SHED.values():
            self.shed.labels(reason)  # 0 is a number, too: alarms need it
        # To find a child by its labels costs as much as to count.
        self._requests_of = cache(self.requests.labels)
        self._duration_of = cache(self.duration.labels)
        self._shed_of = cache(self.shed.labels)

    @classmethod
    def of(cls, manifest: Manifest) -> "Metrics":
        """Those of a service with this model."""
        return cls(manifest.name, manifest.version, manifest.engine)

    def count(self, environ: WSGIEnvironment, route: str, status: int) -> None:
        """Count one answer."""
        self._requests_of(known_method(environ), route, status).inc()
        self._duration_of(route).observe(perf_counter() - environ[ARRIVED])
        if WAITED in environ:
            self.queue.observe(environ[WAITED])
        if PREDICTED in environ:
            self.predict.observe(environ[PREDICTED])
            self.rows.inc(environ[ROWS])

    def count_shed(self, status: int) -> None:
        """Count one refusal because of the load."""
        self._shed_of(SHED[status]).inc()

    def text(self) -> bytes:
        """All of them, over all workers, in Prometheus' text format."""
        if not ValueClass._multiprocess:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def init_app(app: Flask, metrics: Metrics, port: int) -> None:
    """On `port` give the metrics, and nothing else."""
    ours = str(port)

    @app.before_request
    def keep_apart() -> None:
        environ = request.environ
        if (environ["SERVER_PORT"] == ours) != (environ["PATH_INFO"] == PATH):
            raise Problem(404, "there is nothing at this address")

    @app.get(PATH)
    def show() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
