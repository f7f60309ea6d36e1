"""The dashboard's server, over real sockets and without a browser."""

import asyncio

import pytest
from aiohttp import web

from taskrouter_stats import RetryPolicy, TaskRouterSession, errors
from taskrouter_stats.simulator import Simulator
from taskrouter_stats.web import Dashboard
from tests.support.events import complete, watching

TOKEN = "correct-horse-battery"


async def test_the_stream_has_what_the_server_says(dashboard, simulator, session, http):
    """The counts in the stream are those of the simulated world."""
    async with dashboard().serve() as url, watching(http, url) as following:
        message = await complete(following)
    available = sum(
        worker.available for worker in await session.live_workers(simulator.workspace_sid)
    )
    assert message["workspace"] == {
        "sid": simulator.workspace_sid,
        "name": "Simulated contact centre",
    }
    assert message["window"] == "last 1 h"
    assert message["workers"]["total"] == 60
    assert message["workers"]["available"] == available
    assert sum(row["workers"] for row in message["workers"]["activities"]) == 60
    assert message["queues"]["total"] == len(simulator.world.task_queues)
    reservations = message["statistics"]["reservations"]
    assert message["statistics"]["acceptance"] == reservations["accepted"] / reservations["created"]
    assert {row["name"] for row in message["budgets"]} >= {"Worker-List", "TaskQueue-List"}
    assert [part["error"] for part in message["parts"].values()] == [None] * 3


async def test_many_browsers_cost_one_fetch(dashboard, simulator, http):
    """A hundred browsers get the same data for the five requests of one refresh."""
    async with dashboard().serve() as url:

        async def browse():
            async with watching(http, url) as following:
                return await complete(following)

        messages = await asyncio.gather(*(browse() for _ in range(100)))
    assert simulator.counters.requests == 5
    assert len({message["parts"]["workers"]["at"] for message in messages}) == 1


async def test_nothing_is_fetched_without_a_browser(dashboard, simulator, http):
    """The page and its files cost no request to the server."""
    async with dashboard(refresh=1.0).serve() as url:
        for name in ("", "dashboard.css", "dashboard.js", "sparkline.js", "workers", "queues"):
            async with http.get(url + name) as response:
                assert response.status == 200
    assert simulator.counters.requests == 0


async def test_it_rests_when_the_last_browser_has_left(dashboard, simulator, http):
    """A browser that leaves stops counting, and a later one causes the next refresh."""
    page = dashboard(refresh=1.0)
    app = page.application()
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    refresher = next(value for value in app.values() if hasattr(value, "watchers"))
    async with watching(http, url) as following:
        await complete(following)
        assert refresher.watchers == 1
    async with asyncio.timeout(20):
        while refresher.watchers:  # noqa: ASYNC110 (the server has no event for it)
            await asyncio.sleep(0.01)
    assert not refresher._watched.is_set()
    first = simulator.counters.requests
    async with watching(http, url) as following:
        while (await following())["parts"]["workers"]["at"] is None or (
            simulator.counters.requests == first
        ):
            pass
    await runner.cleanup()


async def test_rows_come_in_pages(dashboard, simulator, http):
    """Workers are searched, filtered, sorted and divided into pages by the server."""
    async with dashboard().serve() as url, watching(http, url) as following:
        await complete(following)
        async with http.get(f"{url}workers?size=25&page=3&sort=-name") as response:
            page = await response.json()
        worker = simulator.world.workers[7]
        async with http.get(f"{url}workers?q={worker.friendly_name.upper()}") as response:
            found = await response.json()
    assert (page["found"], page["pages"], len(page["rows"])) == (60, 3, 10)
    names = [row["name"] for row in page["rows"]]
    assert names == sorted((w.friendly_name for w in simulator.world.workers), reverse=True)[50:]
    assert [row["sid"] for row in found["rows"]] == [worker.sid]


async def test_data_require_the_token(dashboard, http, caplog):
    """Without the right token every data route answers 401, and neither a page nor a log has it."""
    caplog.set_level("DEBUG")
    async with dashboard(token=TOKEN).serve() as url:
        for path in ("events", "workers", "queues"):
            for given in (None, "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xff"):
                headers = {"Authorization": given} if given else {}
                async with http.get(url + path, headers=headers) as response:
                    assert response.status == 401
                    assert TOKEN not in await response.text()
        async with http.get(url) as response:
            assert TOKEN not in await response.text()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with http.get(f"{url}workers", headers=headers) as response:
            assert response.status == 200
        async with watching(http, url, headers=headers) as following:
            assert TOKEN not in str(await complete(following))
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(dashboard(token=TOKEN))


async def test_every_reply_has_the_headers(dashboard, http):
    """The policy allows own scripts and styles only, on errors and streams as on pages."""
    async with dashboard(token=TOKEN).serve() as url:
        for path in ("", "dashboard.js", "events", "nothing"):
            async with http.get(url + path) as response:
                policy = response.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert "Set-Cookie" not in response.headers
                assert "unsafe" not in policy


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8050"},
        {"Host": "127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_websites_read_nothing(dashboard, simulator, http, headers):
    """A page of another website gets 403, whatever name it gave to this machine."""
    async with dashboard().serve() as url, http.get(f"{url}events", headers=headers) as response:
        assert response.status == 403
    assert simulator.counters.requests == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.com", "192.0.2.1"])
async def test_other_machines_require_a_token(dashboard, host):
    """A host that other machines can reach is refused without a token."""
    with pytest.raises(errors.ConfigError, match="a token of 16 or more characters is required"):
        async with dashboard().serve(host):
            pass


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "with spaces in it all", "x" * 20 + "é"])
def test_weak_tokens_are_refused(dashboard, token):
    """The error of a weak token does not show it."""
    with pytest.raises(errors.InvalidParameter) as caught:
        dashboard(token=token)
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("seconds", [0, 0.5, -1, 1e9, float("nan"), "5", None])
def test_wrong_intervals_are_refused(dashboard, seconds):
    """The interval is a number of seconds from 1 to 86,400."""
    with pytest.raises(errors.InvalidParameter, match="from 1 to 86,400"):
        dashboard(refresh=seconds)


async def test_a_used_port_is_a_config_error(dashboard):
    """The error names host and port."""
    async with dashboard().serve() as url:
        port = int(url.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(errors.ConfigError, match=f"cannot listen at 127.0.0.1, port {port}: "):
            async with dashboard().serve(port=port):
                pass


async def test_an_unreachable_server_is_an_error_in_words(http):
    """After the server has gone, the old data stay with the time that they are of."""
    async with Simulator(workers=5, latency=0.0) as simulator:
        place, workspace = simulator.base_url, simulator.workspace_sid
        once = RetryPolicy(attempts=1)
        session = TaskRouterSession(simulator.credentials, base_url=place, retry=once)
        async with (
            session,
            Dashboard(session, workspace, refresh=1.0).serve() as url,
            watching(http, url) as following,
        ):
            before = await complete(following)
            await simulator.__aexit__(None, None, None)
            while not (after := await following())["parts"]["workers"]["error"]:
                pass
            await simulator.__aenter__()
    assert "cannot connect" in after["parts"]["workers"]["error"].lower()
    assert after["parts"]["workers"]["at"] >= before["parts"]["workers"]["at"]
    assert after["workers"]["total"] == 5


async def test_one_broken_part_leaves_the_others(dashboard, session, http, monkeypatch):
    """If one part cannot be made, even because of a bug, the page shows the others and says so."""
    monkeypatch.setattr(session, "collect", None)
    async with dashboard().serve() as url, watching(http, url) as following:
        message = await complete(following)
    assert message["workers"]["total"] == 60
    assert message["queues"] is None
    assert "a bug in taskrouter-stats (TypeError)" in message["parts"]["queues"]["error"]


async def test_the_end_ends_the_streams(dashboard, session, http):
    """When the server stops, each stream ends, and no task is left."""
    before = asyncio.all_tasks()
    async with dashboard().serve() as url:
        response = await http.get(f"{url}events")
        await response.content.readuntil(b"\n\n")
    assert (await response.content.read()) is not None
    response.close()
    await session.aclose()  # the simulator's tasks end with its connections
    async with asyncio.timeout(5):
        while asyncio.all_tasks() - before:  # noqa: ASYNC110 (connections close in their own time)
            await asyncio.sleep(0.01)


async def test_cancellation_stops_the_server(dashboard, session, http):
    """A cancelled server closes its port and leaves no task."""
    before, address = asyncio.all_tasks(), asyncio.get_running_loop().create_future()

    async def serve():
        async with dashboard().serve() as url:
            address.set_result(url)
            await asyncio.Event().wait()

    task = asyncio.create_task(serve())
    async with watching(http, await address) as following:
        await following()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with pytest.raises(OSError, match="Cannot connect"):
        await http.get(await address)
    await session.aclose()
    async with asyncio.timeout(5):
        while asyncio.all_tasks() - before:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.01)
