"""All Workers as they are now: one request a page, the server's clock, the checks of every list."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from taskrouter_stats import TaskRouterSession, errors, queries
from taskrouter_stats.simulator import Simulator
from tests.support.fakes import (
    CREDENTIALS,
    WORKERS_PATH,
    WORKSPACE,
    FakeTransport,
    reply,
    session_over,
    worker_sid,
)
from tests.support.virtual import virtual

SINCE = datetime(2020, 11, 26, 8, tzinfo=UTC)
OTHER = "WS" + "d" * 32


def listed(*numbers, next_page=None, **fields):
    """Return the JSON of a page with these workers."""
    since = "2020-11-26T08:00:00Z"
    workers = [{"sid": worker_sid(n), "date_status_changed": since, **fields} for n in numbers]
    url = next_page and f"https://taskrouter.twilio.com{WORKERS_PATH}?PageSize=1000&PageToken=b"
    return {"workers": workers, "meta": {"key": "workers", "next_page_url": url}}


def date(seconds):
    """Return a ``Date`` header's text."""
    return format_datetime(SINCE + timedelta(seconds=seconds), usegmt=True)


def two_pages(request):
    """Answer two pages of one second each, the second a minute later."""
    if "PageToken" in request.target:
        return reply(200, listed(3), date=date(90))
    return reply(200, listed(1, 2, next_page=True), date=date(30))


@virtual
async def test_each_page_has_its_own_time():
    """Seconds in the Activity count to the ``Date`` of the page that lists the Worker."""
    transport = FakeTransport(two_pages)
    async with session_over(transport) as session:
        live = await session.live_workers(WORKSPACE)
    assert [(w.sid, w.seconds_in_activity) for w in live] == [
        (worker_sid(1), 30.0),
        (worker_sid(2), 30.0),
        (worker_sid(3), 90.0),
    ]
    assert dict(parse_qsl(urlsplit(transport.sent[0].target).query)) == {"PageSize": "1000"}
    assert len(transport.sent) == 2


@virtual
async def test_without_a_date_the_seconds_are_by_this_machine():
    """Without a readable ``Date``, the seconds count to this machine's time, and say so."""
    async with session_over(FakeTransport(lambda _: reply(200, listed(1), date="soon"))) as session:
        [worker] = await session.live_workers(WORKSPACE)
    assert worker.by_server_clock is False
    assert abs(worker.as_of - datetime.now(UTC)) < timedelta(minutes=10)
    assert worker.seconds_in_activity == (worker.as_of - SINCE).total_seconds()


@virtual
async def test_a_worker_of_another_workspace_is_an_error():
    """A Worker of another Workspace is never returned as one of this Workspace."""
    transport = FakeTransport(lambda _: reply(200, listed(1, workspace_sid=OTHER)))
    async with session_over(transport) as session:
        with pytest.raises(errors.PayloadError):
            await session.live_workers(WORKSPACE)


@virtual
async def test_a_repeated_worker_counts_once():
    """A Worker that the server lists twice is returned once."""
    async with session_over(FakeTransport(lambda _: reply(200, listed(1, 2, 1)))) as session:
        live = await session.live_workers(WORKSPACE)
    assert [worker.sid for worker in live] == [worker_sid(1), worker_sid(2)]


@pytest.mark.parametrize(
    ("arguments", "options", "kind"),
    [
        (("WS1",), {}, errors.InvalidSid),
        ((OTHER,), {"workers": queries.workers(WORKSPACE)}, errors.UsageError),
        ((WORKSPACE,), {"workers": queries.task_queues(WORKSPACE)}, errors.UsageError),
        ((WORKSPACE,), {"workers": [worker_sid(1)]}, errors.UsageError),
    ],
)
async def test_wrong_arguments_are_refused(arguments, options, kind):
    """A wrong Workspace or another listing raises an error before any request."""
    with pytest.raises(kind):
        await TaskRouterSession(CREDENTIALS).live_workers(*arguments, **options)


async def test_a_simulated_workspace():
    """A workspace's Workers have the Activities of the simulator's world, and the time in them."""
    moment = datetime(2026, 1, 15, 15, tzinfo=UTC).timestamp()
    async with (
        Simulator(workers=30, latency=0.0, clock=lambda: moment) as simulator,
        TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
    ):
        workspace = simulator.workspace_sid
        live = await session.live_workers(workspace)
        available = queries.workers(workspace, available=True)
        free = await session.live_workers(workspace, workers=available)
    world = simulator.world
    states = [world.activity_of(worker, int(moment)) for worker in world.workers]
    assert [w.activity_name for w in live] == [activity.friendly_name for activity, _ in states]
    assert [w.as_of - timedelta(seconds=w.seconds_in_activity) for w in live] == [
        datetime.fromtimestamp(since, UTC) for _, since in states
    ]
    assert 0 < len(free) < len(live)
    assert {w.sid for w in free} == {w.sid for w in live if w.available}
