"""The exporter, scraped over real sockets and read by the official parser."""

import asyncio
import json
import re
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from taskrouter_stats import TaskRouterSession, errors
from taskrouter_stats.observe import PrometheusHook
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.web import Exporter
from tests.support.fakes import CREDENTIALS, FakeTransport, session_over
from tests.support.virtual import now, settle, virtual

EXAMPLES = Path(__file__).parents[2] / "examples"
OTHER = "WS" + "9" * 32


@pytest.fixture
async def simulator():
    """Run a small TaskRouter."""
    async with Simulator(workers=30, limit=500, latency=0.02, workspaces=2) as running:
        yield running


@asynccontextmanager
async def served(simulator, *workspaces, base_url=None, hooks=(), **options):
    """Serve an exporter; yield a function that scrapes a path and returns status and text."""
    url = base_url or simulator.base_url
    async with TaskRouterSession(simulator.credentials, base_url=url, hooks=hooks) as session:
        runner = web.AppRunner(Exporter(session, workspaces, **options).app())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:

            async def scrape(path="/metrics", **headers):
                async with http.get(path, headers=headers) as response:
                    return response.status, await response.text()

            yield scrape
        await runner.cleanup()


def samples(text):
    """Return the values of a scrape by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(found, name, **labels):
    """Return the sum of a metric over the labels that are not given."""
    return sum(
        value
        for (known, given), value in found.items()
        if known == name and labels.items() <= dict(given).items()
    )


async def test_a_scrape_shows_the_workspace(simulator):
    """Counts agree with each other, and each family is a gauge with a help and no timestamp."""
    sid = simulator.workspace_sid
    async with served(simulator, sid, attribute="site") as scrape:
        status, text = await scrape()
    found = samples(text)
    assert status == 200
    assert total(found, "taskrouter_up", workspace=sid) == 1
    assert total(found, "taskrouter_workers") == 30
    assert total(found, "taskrouter_workers_by_attribute", attribute="site") == 30
    assert total(found, "taskrouter_workers_by_attribute", value="Dublin") > 0
    assert total(found, "taskrouter_window_seconds") == 900
    assert total(found, "taskrouter_queue_eligible_workers", queue="Billing") > 0
    families = list(text_string_to_metric_families(text))
    assert {family.type for family in families} == {"gauge"}
    assert all(family.documentation for family in families)
    names = " ".join(family.name for family in families)
    assert not re.search(r"_total\b|_(avg|min|max)\b|[A-Z]", names)
    assert all(sample.timestamp is None for family in families for sample in family.samples)


async def test_many_scrapers_cost_one_fetch(simulator):
    """Twenty scrapers at once, and twenty more within the ttl, cost what one costs."""
    async with served(simulator, simulator.workspace_sid, ttl=60) as scrape:
        first = await asyncio.gather(*(scrape() for _ in range(20)))
        cost = simulator.counters.requests
        again = await asyncio.gather(*(scrape() for _ in range(20)))
    assert {text for _, text in first + again} == {first[0][1]}
    assert cost == simulator.counters.requests == 4


async def test_without_a_ttl_each_scrape_fetches(simulator):
    """With a ttl of 0, a later scrape fetches again."""
    async with served(simulator, simulator.workspace_sid, ttl=0) as scrape:
        await scrape()
        await scrape()
    assert simulator.counters.requests == 8


async def test_a_probe_shows_one_workspace(simulator):
    """A probe shows the workspace of its target, also one that the command did not name."""
    first, second = simulator.workspace_sids
    async with served(simulator, first) as scrape:
        _, text = await scrape(f"/probe?target={second}")
        unknown = samples((await scrape(f"/probe?target={OTHER}"))[1])
        status, wrong = await scrape("/probe?target=WK1")
    assert {dict(labels)["workspace"] for _, labels in samples(text)} == {second}
    assert unknown == {("taskrouter_up", frozenset({("workspace", OTHER)})): 0}
    assert status == 400
    assert "target='WK1' is not a Workspace SID" in wrong


async def test_metrics_show_the_exporter_itself(simulator):
    """The client's own metrics are on /metrics, and not on /probe."""
    registry = CollectorRegistry()
    hooks, sid = [PrometheusHook(registry)], simulator.workspace_sid
    async with served(simulator, sid, hooks=hooks, registry=registry) as scrape:
        _, everything = await scrape()
        _, probe = await scrape(f"/probe?target={sid}")
    assert total(samples(everything), "taskrouter_client_requests_total", result="200") == 4
    assert "taskrouter_client" not in probe


async def test_a_server_that_is_down(simulator):
    """A server that refuses connections gives ``taskrouter_up 0``."""
    async with served(simulator, OTHER, base_url="http://127.0.0.1:1") as scrape:
        status, text = await scrape(**{"X-Prometheus-Scrape-Timeout-Seconds": "5"})
    assert (status, list(samples(text).values())) == (200, [0])


async def test_the_grafana_dashboard_shows_metrics_that_exist(simulator):
    """Each metric and label value that the example's dashboard names is in a scrape."""
    registry = CollectorRegistry()
    hooks, sid = [PrometheusHook(registry)], simulator.workspace_sid
    options = {"hooks": hooks, "registry": registry, "attribute": "site"}
    async with served(simulator, sid, **options) as scrape:
        _, text = await scrape()
    dashboard = json.loads((EXAMPLES / "grafana_dashboard.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = set(re.findall(r"taskrouter_\w+", " ".join(asked)))
    pairs = set(re.findall(r'\w+="[^"$]+"', " ".join(asked)))
    assert len(names) >= 10
    described = {name.removesuffix("_total") for name in re.findall(r"# TYPE (\w+)", text)}
    assert {name.removesuffix("_total") for name in names} - described == set()
    assert {pair for pair in pairs if pair not in text} == set()


@virtual
async def test_a_server_that_hangs_is_answered_in_time():
    """A scrape ends before the scraper gives up, and the fetch goes on for the next one."""
    transport = FakeTransport(latency=3600)
    async with session_over(transport) as session:
        exporter = Exporter(session, [OTHER])
        for header, seconds in (("10", 9.5), ("3", 2.5), (None, 9.5), ("often", 9.5)):
            began = now()
            text = await exporter._text([OTHER], Request(header))
            assert now() - began == seconds
            assert list(samples(text.decode()).values()) == [0]
        assert len(transport.sent) == 3
        exporter._kept[OTHER].task.cancel()
        await settle()


class Request:
    """A scrape with a header."""

    def __init__(self, timeout):
        self.headers = {"X-Prometheus-Scrape-Timeout-Seconds": timeout} if timeout else {}


async def test_the_landing_page_links_to_the_metrics(simulator):
    """The first page names the metrics and each workspace."""
    async with served(simulator, simulator.workspace_sid) as scrape:
        status, page = await scrape("/")
    assert status == 200
    assert 'href="metrics"' in page
    assert f'href="probe?target={simulator.workspace_sid}"' in page


def test_a_wrong_workspace_is_refused():
    """The SIDs are checked before anything is served."""
    with pytest.raises(errors.InvalidSid, match="workspace_sid"):
        Exporter(TaskRouterSession(CREDENTIALS), ["WK" + "1" * 32])
