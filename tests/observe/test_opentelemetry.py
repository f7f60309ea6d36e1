"""The spans and metrics of a session, as OpenTelemetry's own in-memory exporters get them."""

import asyncio
import sys
from functools import cached_property

import aiohttp
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv.attributes import (
    error_attributes,
    http_attributes,
    server_attributes,
    url_attributes,
)
from opentelemetry.semconv.metrics import http_metrics
from opentelemetry.trace import SpanKind, StatusCode

from taskrouter_stats import RetryPolicy, TaskRouterSession, errors
from taskrouter_stats.observe import OpenTelemetryHook
from taskrouter_stats.simulator import Simulator
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    Script,
    limits,
    session_over,
    statistics,
    trouble,
    worker_query,
)
from tests.support.virtual import virtual

TEMPLATE = "/v1/Workspaces/{workspace_sid}/Workers/{worker_sid}/Statistics"
DURATION = http_metrics.HTTP_CLIENT_REQUEST_DURATION


class Observed:
    """A hook and what its exporters got."""

    def __init__(self):
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.hook = OpenTelemetryHook(tracer_provider=self.tracers, meter_provider=self.meters)

    def spans(self, kind):
        """Return the finished spans of a kind."""
        return [span for span in self.exporter.get_finished_spans() if span.kind is kind]

    @cached_property
    def _data(self):
        """The metrics, read once: a gauge that is not set again has no value in the next read."""
        return self.reader.get_metrics_data()

    def points(self, name):
        """Return the data points of a metric; call it when all is done."""
        return [
            point
            for resource in self._data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def close(self):
        """Shut the providers down."""
        self.tracers.shutdown()
        self.meters.shutdown()


@pytest.fixture
def observed():
    """A hook with in-memory exporters."""
    found = Observed()
    yield found
    found.close()


async def play(observed, *answers, **options):
    """Fetch a query once and return its result."""
    transport = FakeTransport(Script(*answers), latency=0.25)
    async with session_over(transport, hooks=[observed.hook], **options) as session:
        [result] = await asyncio.gather(session.fetch(worker_query(1)), return_exceptions=True)
    return result


class TestSpans:
    """The span of a query and of each of its sends."""

    @virtual
    async def test_a_fetch(self, observed):
        """A query's span is INTERNAL, its send's CLIENT, with the stable names."""
        await play(observed)
        [query] = observed.spans(SpanKind.INTERNAL)
        [send] = observed.spans(SpanKind.CLIENT)
        assert send.parent.span_id == query.context.span_id
        assert (query.name, send.name) == ("taskrouter worker_statistics", f"GET {TEMPLATE}")
        url = send.attributes[url_attributes.URL_FULL]
        assert url.startswith(f"https://taskrouter.twilio.com/v1/Workspaces/{WORKSPACE}/Workers/")
        assert dict(send.attributes) == {
            http_attributes.HTTP_REQUEST_METHOD: "GET",
            http_attributes.HTTP_RESPONSE_STATUS_CODE: 200,
            server_attributes.SERVER_ADDRESS: "taskrouter.twilio.com",
            server_attributes.SERVER_PORT: 443,
            url_attributes.URL_FULL: url,
            url_attributes.URL_SCHEME: "https",
            "url.template": TEMPLATE,
        }
        assert query.attributes["taskrouter.workspace.sid"] == WORKSPACE
        assert query.status.status_code is send.status.status_code is StatusCode.UNSET

    @virtual
    async def test_sends_of_one_query(self, observed):
        """Each send has its span, and all but the first count the sends before."""
        policy = RetryPolicy(base=0)
        lost = errors.ConnectionFailed("lost")
        await play(observed, trouble(503), lost, trouble(429, retry_after=1), retry=policy)
        sends = observed.spans(SpanKind.CLIENT)
        assert [s.attributes.get(http_attributes.HTTP_REQUEST_RESEND_COUNT) for s in sends] == [
            *(None, 1, 2, 3)
        ]
        assert [send.attributes.get(error_attributes.ERROR_TYPE) for send in sends] == [
            *("503", "taskrouter_stats.errors.ConnectionFailed", "429", None)
        ]
        assert [send.status.status_code for send in sends] == [StatusCode.ERROR] * 3 + [
            StatusCode.UNSET
        ]
        [query] = observed.spans(SpanKind.INTERNAL)
        names = [event.name for event in query.events]
        assert names == ["taskrouter.retry"] * 3 + ["taskrouter.wait"]
        assert query.status.status_code is StatusCode.UNSET
        assert query.attributes["taskrouter.attempts"] == 3
        assert query.attributes["taskrouter.refused"] == 1
        assert query.attributes["taskrouter.wait.duration"] == pytest.approx(1, abs=0.3)

    @virtual
    async def test_a_failed_query(self, observed):
        """A failed query's span has its error, and the error's text."""
        error = await play(observed, trouble(404, 20404))
        [query] = observed.spans(SpanKind.INTERNAL)
        assert query.status.status_code is StatusCode.ERROR
        assert query.status.description == str(error)
        assert query.attributes[error_attributes.ERROR_TYPE] == "taskrouter_stats.errors.NotFound"

    @virtual
    async def test_a_cancellation_is_not_an_error(self, observed):
        """A cancelled query's spans end with neither status nor error."""
        async with session_over(FakeTransport(latency=9), hooks=[observed.hook]) as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await session.fetch(worker_query(1))
        spans = observed.exporter.get_finished_spans()
        assert [span.status.status_code for span in spans] == [StatusCode.UNSET] * 2
        assert not any(error_attributes.ERROR_TYPE in span.attributes for span in spans)

    @virtual
    async def test_the_callers_span_is_the_parent(self, observed):
        """A query's span is a child of its caller's, which is current again afterwards."""
        tracer = observed.tracers.get_tracer("app")
        async with session_over(FakeTransport(), hooks=[observed.hook], cache_ttl=5) as session:
            with tracer.start_as_current_span("handler") as handler:
                await session.fetch(worker_query(1), cache_ttl=None)
                assert trace.get_current_span() is handler
                await session.fetch(worker_query(1))
        queries = [span for span in observed.spans(SpanKind.INTERNAL) if span.name != "handler"]
        assert len(queries) == 2
        assert {span.parent.span_id for span in queries} == {handler.get_span_context().span_id}

    @virtual
    async def test_nothing_is_kept(self, observed):
        """After its queries the hook holds no span."""
        async with session_over(FakeTransport(latency=0.1), hooks=[observed.hook]) as session:
            await session.collect([worker_query(number) for number in range(20)])
            task = asyncio.create_task(session.fetch(worker_query(1)))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.wait([task])
        assert observed.hook._queries == observed.hook._sends == {}


class TestMetrics:
    """The instruments."""

    @virtual
    async def test_the_duration_is_the_spans(self, observed):
        """The duration of a request is its span's, in seconds, in the advised buckets."""
        await play(observed, trouble(503), retry=RetryPolicy(base=0))
        points = {
            point.attributes[http_attributes.HTTP_RESPONSE_STATUS_CODE]: point
            for point in observed.points(DURATION)
        }
        assert points.keys() == {200, 503}
        assert points[503].attributes[error_attributes.ERROR_TYPE] == "503"
        assert points[200].sum == pytest.approx(0.25)
        assert points[200].explicit_bounds[:3] == (0.005, 0.01, 0.025)
        spans = [span.end_time - span.start_time for span in observed.spans(SpanKind.CLIENT)]
        assert spans == [250_000_000] * 2

    @virtual
    async def test_budgets(self, observed):
        """Limit, remaining, pace, refusals, retries and waits have metrics of their own."""
        await play(
            observed,
            trouble(429, retry_after=2, **limits(50, 0)),
            lambda request: statistics(request, **limits(50, 49)),
        )
        values = {
            name: observed.points(f"taskrouter.budget.{name}")[0].value
            for name in ("limit", "remaining", "refused")
        }
        assert values == {"limit": 50, "remaining": 49, "refused": 1}
        assert observed.points("taskrouter.budget.pace")[0].value > 0
        assert observed.points("taskrouter.retries")[0].value == 1
        assert observed.points("taskrouter.wait.duration")[0].sum == pytest.approx(2, abs=0.3)
        assert observed.points("http.client.active_requests")[0].value == 0


@pytest.fixture
def instrumented(observed):
    """Aiohttp's own instrumentation, with the exporter of the hook."""
    instrumentor = AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=observed.tracers, meter_provider=observed.meters)
    yield
    instrumentor.uninstrument()


async def test_aiohttps_own_instrumentation_makes_no_second_span(observed, instrumented):
    """Over real sockets each send has one CLIENT span, and other requests keep theirs."""
    async with (
        Simulator(workers=3, latency=0.0) as simulator,
        aiohttp.ClientSession() as other,
        TaskRouterSession(
            simulator.credentials, base_url=simulator.base_url, hooks=[observed.hook]
        ) as session,
    ):
        await session.stream_worker_statistics(simulator.workspace_sid).collect()
        ours = observed.spans(SpanKind.CLIENT)
        async with other.get(simulator.base_url) as response:
            await response.read()
    assert len(ours) == 4
    assert {span.instrumentation_scope.name for span in ours} == {"taskrouter_stats"}
    assert len(observed.spans(SpanKind.CLIENT)) == 5
    assert ours[0].attributes["server.address"] == "127.0.0.1"
    text = "".join(span.to_json() for span in observed.exporter.get_finished_spans())
    assert simulator.auth[1] not in text


def test_without_the_library(monkeypatch):
    """The error of a missing library holds the line that installs it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(errors.MissingExtra, match=r"taskrouter-stats\[opentelemetry\]"):
        OpenTelemetryHook()


@virtual
async def test_without_any_instrumentation(observed, monkeypatch):
    """The API alone is enough: no instrumentation has to be silenced."""
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.utils", None)
    alone = Observed()
    await play(alone)
    assert len(alone.spans(SpanKind.CLIENT)) == 1
    alone.close()
