"""OpenTelemetry traces, if `SERVICE_TRACES` is true: one span per request, except health checks.

Otherwise nothing of OpenTelemetry is imported. Its own variables (`OTEL_...`) configure the export.
The app is instrumented before the workers are forked. The exporter has a thread, which does not
survive a fork, so each worker makes its own.
"""

import logging
from threading import Thread
from typing import Any

from flask import Flask

from service.model.installation import pip_install
from service.settings import Settings, SettingsError

SERVICE_NAME = "slipway"  # OTEL_SERVICE_NAME overrides it
FLUSH_SECONDS = 2.0  # for the last spans of a worker; a part of gunicorn's graceful_timeout
PACKAGES = (
    "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation-flask"
)
# Regular expressions, separated by commas; OpenTelemetry searches the whole URL for each.
EXCLUDED = r"^[a-z]+://[^/?]*/(health|health/live|metrics)(\?|$)"

log = logging.getLogger("slipway.traces")


def init_app(app: Flask, settings: Settings) -> None:
    """Instrument the app; SettingsError if that is not possible.

    It must come before all other hooks, so that a request that they refuse has a span.
    """
    if not settings.traces:
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http import trace_exporter
        from opentelemetry.instrumentation.flask import FlaskInstrumentor
    except ImportError as error:
        needed = f"what it needs is not installed: {pip_install(*PACKAGES.split())}"
        raise SettingsError(f"SERVICE_TRACES is true, but {needed}") from error
    except ValueError as error:  # OTEL_PROPAGATORS names one that is not installed
        raise SettingsError(f"SERVICE_TRACES is true, but {error}".splitlines()[0]) from error
    logging.getLogger(trace_exporter.__name__).addFilter(_as_one_warning)
    logging.getLogger("opentelemetry.sdk.trace").addFilter(_is_not_of_a_crash)
    FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
        app,
        excluded_urls=EXCLUDED,
        response_hook=_end_if_crashed,
        enable_commenter=False,  # there is no SQL
        tracer_provider=trace.ProxyTracerProvider(),  # forwards to the provider that `start` makes
    )


def start(settings: Settings) -> None:
    """Start the export, in a worker."""
    if not settings.traces:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # Arguments of `create` override the environment, so the environment is merged in again.
    named = Resource.create({"service.name": SERVICE_NAME}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def stop(settings: Settings) -> None:
    """Export the last spans, for at most FLUSH_SECONDS; the library would try for 30 seconds."""
    if not settings.traces:
        return
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        flushing = Thread(target=provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)
        if flushing.is_alive():
            log.warning("the last spans were not exported in time")


def _end_if_crashed(span: Any, status: str, _: object) -> None:
    """End the span before it records an exception, whose message may quote what a client sent."""
    if span and status.startswith("500"):
        span.end()


def _is_not_of_a_crash(record: logging.LogRecord) -> bool:
    """False for the warning that a span had already ended."""
    return record.msg != "Calling end() on an ended span."


def _as_one_warning(record: logging.LogRecord) -> bool:
    """Log a batch that could not be exported as one warning, and its retries not at all."""
    lost = record.levelno >= logging.ERROR
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    return lost and logging.getLogger().isEnabledFor(logging.WARNING)
