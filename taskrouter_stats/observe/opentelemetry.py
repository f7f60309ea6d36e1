"""Traces and metrics in OpenTelemetry. Requires the extra ``opentelemetry``.

Names follow the stable conventions of HTTP clients (https://opentelemetry.io/docs/specs/semconv/http/).
They know no pacing: those names begin with ``taskrouter.``.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from importlib import import_module
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from taskrouter_stats._version import __version__
from taskrouter_stats.core import events
from taskrouter_stats.errors import MissingExtra

__all__ = ["OpenTelemetryHook"]

_NAME: Final = "taskrouter_stats"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.38.0"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Bounds of the buckets that the conventions advise."""
_FIRST_ERROR: Final = 400
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class _Send(NamedTuple):
    """A request on the wire: its span, its attributes, and what ends with it."""

    span: Any
    attributes: dict[str, Any]
    began: int
    scope: ExitStack


class OpenTelemetryHook:
    """Makes a span of each query, a child span of each send, and metrics.

    A query's span is INTERNAL and a send's is CLIENT, so that retries and waits are visible. While
    a request is on the wire, its span is the current one, and aiohttp's own instrumentation makes
    no second one. A caller's cancellation is not an error.

    Args:
        tracer_provider: where spans go; the global provider by default.
        meter_provider: where metrics go; the global provider by default.

    Raises:
        MissingExtra: ``opentelemetry-api`` is not installed.
    """

    def __init__(self, *, tracer_provider: Any = None, meter_provider: Any = None) -> None:
        self._trace, metrics = map(_module, ("trace", "metrics"))
        self._suppressed = _suppression()
        self._tracer = self._trace.get_tracer(
            _NAME, __version__, tracer_provider, schema_url=_SCHEMA
        )
        meter = metrics.get_meter(_NAME, __version__, meter_provider, schema_url=_SCHEMA)
        self._metrics = _Metrics(meter)
        self._queries: dict[int, Any] = {}
        self._sends: dict[int, _Send] = {}
        self._handlers: dict[type, Callable[[Any], None]] = {
            events.QueryStarted: self._started,
            events.QueryWaiting: self._waiting,
            events.RequestSent: self._sent,
            events.ReplyReceived: self._replied,
            events.NoReply: self._no_reply,
            events.QueryRetried: self._retried,
            events.QueryEnded: self._ended,
            events.CacheRead: self._metrics.cache_read,
        }

    def __call__(self, event: events.Event) -> None:
        """Record an event."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _started(self, event: events.QueryStarted) -> None:
        attributes = {
            "taskrouter.operation": event.query.endpoint.name,
            "taskrouter.resource_key": event.budget.resource_key,
            "taskrouter.workspace.sid": event.query.workspace_sid,
            "taskrouter.interactive": event.interactive,
        }
        span = self._tracer.start_span(
            f"taskrouter {event.query.endpoint.name}", attributes=attributes
        )
        self._queries[event.number] = span

    def _waiting(self, event: events.QueryWaiting) -> None:
        reason = {"taskrouter.wait.reason": event.reason}
        self._queries[event.number].add_event("taskrouter.wait", reason)

    def _retried(self, event: events.QueryRetried) -> None:
        attributes = {"error.type": _error_type(event.error)}
        self._queries[event.number].add_event("taskrouter.retry", attributes)
        self._metrics.retried(event)

    def _sent(self, event: events.RequestSent) -> None:
        attributes = _request_attributes(event)
        shown = {**attributes, "url.full": event.url}
        if event.send > 1:
            shown["http.request.resend_count"] = event.send - 1
        parent = self._trace.set_span_in_context(self._queries[event.number])
        name = f"{event.method} {event.query.endpoint.path}"
        kind, began = self._trace.SpanKind.CLIENT, time.time_ns()
        span = self._tracer.start_span(name, parent, kind, shown, start_time=began)
        scope = ExitStack()
        scope.enter_context(self._trace.use_span(span, record_exception=False))
        scope.enter_context(self._suppressed())
        self._sends[event.number] = _Send(span, attributes, began, scope)
        self._metrics.sent(event, attributes)

    def _replied(self, event: events.ReplyReceived) -> None:
        result: dict[str, Any] = {"http.response.status_code": event.status}
        if event.status >= _FIRST_ERROR:
            result["error.type"] = str(event.status)
        self._end_send(event, result)
        self._metrics.replied(event)

    def _no_reply(self, event: events.NoReply) -> None:
        error = event.error
        self._end_send(event, {} if error is None else {"error.type": _error_type(error)})

    def _end_send(self, event: events.ReplyReceived | events.NoReply, result: Any) -> None:
        send = self._sends.pop(event.number)
        send.scope.close()
        send.span.set_attributes(result)
        if "error.type" in result:
            send.span.set_status(self._trace.StatusCode.ERROR)
        send.span.end(send.began + round(event.seconds * 1e9))
        self._metrics.send_ended(event.seconds, send.attributes, result)

    def _ended(self, event: events.QueryEnded) -> None:
        span = self._queries.pop(event.number)
        span.set_attributes(
            {
                "taskrouter.attempts": event.meta.attempts,
                "taskrouter.refused": event.meta.refused,
                "taskrouter.wait.duration": event.waited,
            }
        )
        if event.error is not None:
            span.set_attribute("error.type", _error_type(event.error))
            span.set_status(self._trace.StatusCode.ERROR, str(event.error))
        span.end()
        self._metrics.waited(event)


class _Metrics:
    """The instruments."""

    def __init__(self, meter: Any) -> None:
        advice = {"unit": "s", "explicit_bucket_boundaries_advisory": _SECONDS}
        self._duration = meter.create_histogram(
            "http.client.request.duration", description="Duration of HTTP requests.", **advice
        )
        self._active = meter.create_up_down_counter("http.client.active_requests", "{request}")
        self._wait = meter.create_histogram(
            "taskrouter.wait.duration", description="Wait of a query for permits.", **advice
        )
        self._refused = meter.create_counter("taskrouter.budget.refused", "{request}")
        self._retries = meter.create_counter("taskrouter.retries", "{request}")
        self._reads = meter.create_counter("taskrouter.cache.reads", "{read}")
        self._limit = meter.create_gauge("taskrouter.budget.limit", "{request}")
        self._remaining = meter.create_gauge("taskrouter.budget.remaining", "{request}")
        self._pace = meter.create_gauge("taskrouter.budget.pace", "{request}/s")

    def sent(self, event: events.RequestSent, attributes: dict[str, Any]) -> None:
        """Count a request that starts."""
        del event
        self._active.add(1, attributes)

    def send_ended(self, seconds: float, attributes: dict[str, Any], result: Any) -> None:
        """Count a request that ended."""
        self._active.add(-1, attributes)
        self._duration.record(seconds, {**attributes, **result})

    def replied(self, event: events.ReplyReceived) -> None:
        """Record a budget after a reply."""
        budget = {
            "taskrouter.workspace.sid": event.budget.workspace,
            "taskrouter.resource_key": event.budget.resource_key,
        }
        limits = event.rate_limit
        if event.refused:
            self._refused.add(1, budget)
        if limits.limit is not None:
            self._limit.set(limits.limit, budget)
        if limits.remaining is not None:
            self._remaining.set(limits.remaining, budget)
        self._pace.set(event.pace, budget)

    def retried(self, event: events.QueryRetried) -> None:
        """Count a retry."""
        operation, error = event.query.endpoint.name, _error_type(event.error)
        self._retries.add(1, {"taskrouter.operation": operation, "error.type": error})

    def waited(self, event: events.QueryEnded) -> None:
        """Record the wait of a query."""
        self._wait.record(event.waited, {"taskrouter.operation": event.query.endpoint.name})

    def cache_read(self, event: events.CacheRead) -> None:
        """Count a read of the cache."""
        operation = event.query.endpoint.name
        self._reads.add(1, {"taskrouter.operation": operation, "taskrouter.cache": event.found})


def _request_attributes(event: events.RequestSent) -> dict[str, Any]:
    """Return the attributes that a span and a metric share."""
    parts = urlsplit(event.url)
    return {
        "http.request.method": event.method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or _DEFAULT_PORTS[parts.scheme],
        "url.scheme": parts.scheme,
        "url.template": event.query.endpoint.path,
    }


def _error_type(error: Exception) -> str:
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}"


def _module(name: str) -> Any:
    try:
        return import_module(f"opentelemetry.{name}")
    except ImportError:
        raise MissingExtra("Tracing", "opentelemetry") from None


def _suppression() -> Any:
    """Return the context in which other instrumentations are silent; without any, an empty one."""
    try:
        utils = import_module("opentelemetry.instrumentation.utils")
    except ImportError:
        return nullcontext
    return utils.suppress_http_instrumentation
