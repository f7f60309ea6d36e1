"""Metrics of a session in Prometheus. Requires the extra ``prometheus``."""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final

from taskrouter_stats.core import events
from taskrouter_stats.errors import MissingExtra

__all__ = ["PrometheusHook"]

_BUDGET: Final = ("workspace", "resource_key")
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class PrometheusHook:
    """Counts requests, refusals, retries and waits, and shows the budgets.

    The names begin with ``taskrouter_client_``. Labels are operations, error classes and budgets,
    so their number does not grow with the number of Workers. Several sessions may share one hook;
    a second hook needs another registry.

    Args:
        registry: the ``CollectorRegistry`` to register with; prometheus_client's own by default.

    Raises:
        MissingExtra: ``prometheus-client`` is not installed.
    """

    def __init__(self, registry: Any = None) -> None:
        try:
            self._library = import_module("prometheus_client")
        except ImportError:
            raise MissingExtra("Prometheus metrics", "prometheus") from None
        self._registry = self._library.REGISTRY if registry is None else registry
        self._make_request_metrics()
        self._make_budget_metrics()
        self._handlers: dict[type, Callable[[Any], None]] = {
            events.RequestSent: self._sent,
            events.ReplyReceived: self._replied,
            events.NoReply: self._no_reply,
            events.QueryRetried: self._retried,
            events.QueryEnded: self._ended,
            events.CacheRead: self._cache_read,
            events.CircuitOpened: lambda _: self._circuit.set(1),
            events.CircuitClosed: lambda _: self._circuit.set(0),
        }

    def __call__(self, event: events.Event) -> None:
        """Count an event."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _make_request_metrics(self) -> None:
        self._requests = self._counter(
            "requests", "Sends, by HTTP status or error", ("operation", "result")
        )
        self._duration = self._histogram("request_seconds", "Duration of sends with a reply")
        self._wait = self._histogram("wait_seconds", "Wait of a query for permits")
        self._queries = self._counter(
            "queries", "Queries that ended, by outcome", ("operation", "outcome")
        )
        self._retries = self._counter(
            "retries", "Sends that follow another one, by its error", ("operation", "error")
        )
        self._reads = self._counter("cache_reads", "Reads of the cache", ("operation", "found"))
        self._circuit = self._gauge("circuit_open", "1 while the server seems to be down")

    def _make_budget_metrics(self) -> None:
        self._refused = self._counter("refused", "Replies with status 429", _BUDGET)
        self._in_flight = self._gauge("in_flight", "Requests on the wire", _BUDGET)
        self._limit = self._gauge("budget_limit", "The last X-Rate-Limit-Limit", _BUDGET)
        self._remaining = self._gauge("budget_remaining", "The last value of remaining", _BUDGET)
        self._pace = self._gauge("budget_pace", "Requests per second allowed now", _BUDGET)

    def _counter(self, name: str, text: str, labels: Iterable[str]) -> Any:
        return self._library.Counter(
            f"taskrouter_client_{name}", text, labels, registry=self._registry
        )

    def _gauge(self, name: str, text: str, labels: Iterable[str] = ()) -> Any:
        return self._library.Gauge(
            f"taskrouter_client_{name}", text, labels, registry=self._registry
        )

    def _histogram(self, name: str, text: str) -> Any:
        name = f"taskrouter_client_{name}"
        return self._library.Histogram(
            name, text, ("operation",), registry=self._registry, buckets=_SECONDS
        )

    def _sent(self, event: events.RequestSent) -> None:
        self._in_flight.labels(*event.budget[1:]).inc()

    def _replied(self, event: events.ReplyReceived) -> None:
        budget, limits, operation = event.budget[1:], event.rate_limit, event.query.endpoint.name
        self._in_flight.labels(*budget).dec()
        self._requests.labels(operation, str(event.status)).inc()
        self._duration.labels(operation).observe(event.seconds)
        self._pace.labels(*budget).set(event.pace)
        if event.refused:
            self._refused.labels(*budget).inc()
        if limits.limit is not None:
            self._limit.labels(*budget).set(limits.limit)
        if limits.remaining is not None:
            self._remaining.labels(*budget).set(limits.remaining)

    def _no_reply(self, event: events.NoReply) -> None:
        self._in_flight.labels(*event.budget[1:]).dec()
        result = "cancelled" if event.error is None else type(event.error).__name__
        self._requests.labels(event.query.endpoint.name, result).inc()

    def _retried(self, event: events.QueryRetried) -> None:
        self._retries.labels(event.query.endpoint.name, type(event.error).__name__).inc()

    def _ended(self, event: events.QueryEnded) -> None:
        operation, error = event.query.endpoint.name, event.error
        outcome = "success" if error is None else type(error).__name__
        self._queries.labels(operation, "cancelled" if event.cancelled else outcome).inc()
        self._wait.labels(operation).observe(event.waited)

    def _cache_read(self, event: events.CacheRead) -> None:
        self._reads.labels(event.query.endpoint.name, event.found).inc()
