"""The metrics of a session in Prometheus."""

import asyncio
import sys

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from taskrouter_stats import RetryPolicy, errors
from taskrouter_stats.observe import PrometheusHook
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
from tests.support.virtual import settle, virtual

BUDGET = {"workspace": WORKSPACE, "resource_key": "WorkerStatistics-Fetch"}
WORKERS = {"operation": "worker_statistics"}


class Scraped:
    """A registry and the values that a scrape of it brings."""

    def __init__(self):
        self.registry = CollectorRegistry()
        self.hook = PrometheusHook(self.registry)

    def __call__(self, name, **labels):
        """Return the value of a metric, or None, as the official parser reads it."""
        text = generate_latest(self.registry).decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == f"taskrouter_client_{name}" and sample.labels == labels:
                    return sample.value
        return None


@virtual
async def test_requests_refusals_retries_and_waits():
    """A run with a refusal, a failure and a lost reply is counted by its parts."""
    found = Scraped()
    lost = errors.ConnectionFailed("lost")
    answers = Script(
        lambda r: statistics(r, **limits(50, 40)),
        trouble(429, retry_after=3, **limits(50, 0)),
        lost,
        lambda r: statistics(r, **limits(50, 30)),
        trouble(404, 20404),
    )
    transport = FakeTransport(answers, latency=0.2)
    async with session_over(transport, hooks=[found.hook], retry=RetryPolicy(base=0)) as session:
        for _ in range(3):
            await asyncio.gather(session.fetch(worker_query(1)), return_exceptions=True)
    counts = {
        result: found("requests_total", **WORKERS, result=result)
        for result in ("200", "429", "404", "ConnectionFailed")
    }
    assert counts == {"200": 2, "429": 1, "404": 1, "ConnectionFailed": 1}
    assert found("refused_total", **BUDGET) == 1
    assert found("retries_total", **WORKERS, error="RateLimited") == 1
    assert found("retries_total", **WORKERS, error="ConnectionFailed") == 1
    assert found("queries_total", **WORKERS, outcome="success") == 2
    assert found("queries_total", **WORKERS, outcome="NotFound") == 1
    assert found("request_seconds_sum", **WORKERS) == pytest.approx(4 * 0.2)
    assert found("wait_seconds_count", **WORKERS) == 3
    assert found("wait_seconds_sum", **WORKERS) == pytest.approx(3, abs=0.5)
    assert found("budget_limit", **BUDGET) == 50
    assert found("budget_remaining", **BUDGET) == 30
    assert found("budget_pace", **BUDGET) > 0
    assert found("in_flight", **BUDGET) == 0


@virtual
async def test_requests_on_the_wire():
    """The gauge of requests on the wire rises and falls, also when a query is cancelled."""
    found = Scraped()
    async with session_over(FakeTransport(latency=5), hooks=[found.hook]) as session:
        task = asyncio.create_task(session.fetch(worker_query(1)))
        await settle()
        assert found("in_flight", **BUDGET) == 1
        task.cancel()
        await asyncio.wait([task])
        assert found("in_flight", **BUDGET) == 0
    assert found("requests_total", **WORKERS, result="cancelled") == 1
    assert found("queries_total", **WORKERS, outcome="cancelled") == 1


@virtual
async def test_the_circuit_and_the_cache():
    """An open circuit shows as 1, and reads of the cache are counted by what they found."""
    found = Scraped()
    transport = FakeTransport(Script(*[errors.TimedOut(1)] * 3), latency=0)
    policy = RetryPolicy(attempts=1)
    async with session_over(transport, hooks=[found.hook], retry=policy, cache_ttl=5) as session:
        for _ in range(3):
            await asyncio.gather(session.fetch(worker_query(1)), return_exceptions=True)
        assert found("circuit_open") == 1
        for _ in range(2):
            await session.fetch(worker_query(1))
    assert found("circuit_open") == 0
    assert found("cache_reads_total", **WORKERS, found="nothing") == 4
    assert found("cache_reads_total", **WORKERS, found="fresh") == 1


@virtual
async def test_labels_do_not_grow_with_workers():
    """A thousand workers make as many time series as one."""
    sizes = []
    for workers in (1, 300):
        found = Scraped()
        async with session_over(FakeTransport(latency=0), hooks=[found.hook]) as session:
            await session.collect([worker_query(number) for number in range(workers)])
        sizes.append(len(generate_latest(found.registry).splitlines()))
    assert sizes[0] == sizes[1]


def test_without_the_library(monkeypatch):
    """The error of a missing library holds the line that installs it."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(errors.MissingExtra, match=r"taskrouter-stats\[prometheus\]"):
        PrometheusHook()
