"""Each worker becomes one query, whatever the source of workers."""

import pytest

from taskrouter_stats import Window, errors, queries
from taskrouter_stats.models import Worker
from taskrouter_stats.session.worker_queries import WorkerQueries
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    pages,
    reply,
    session_over,
    statistics,
    worker_sid,
)
from tests.support.virtual import virtual

SIDS = [worker_sid(number) for number in range(5)]
TEMPLATE = queries.worker_statistics(WORKSPACE, SIDS[0], Window.last(days=1), task_channel="sms")


async def made(workers):
    """Return the queries for these workers."""
    return [query async for query in WorkerQueries(TEMPLATE, workers).queries()]


async def later(values):
    """Yield the values as an async generator."""
    for value in values:
        yield value


class Counted:
    """An async iterable with a length that is not a generator."""

    def __len__(self):
        return len(SIDS)

    def __aiter__(self):
        return later(SIDS)


@pytest.mark.parametrize(
    "workers",
    [
        SIDS,
        tuple(SIDS),
        dict.fromkeys(SIDS),
        (sid for sid in SIDS),
        later(SIDS),
        Counted(),
        [Worker(sid=sid) for sid in SIDS],
        later([Worker(sid=sid) for sid in SIDS]),
    ],
    ids=lambda workers: type(workers).__name__,
)
@virtual
async def test_one_query_for_each(workers):
    """Any iterable of SIDs or Workers, sync or async, gives one query for each, in order."""
    found = await made(workers)
    assert [query.sid for query in found] == SIDS
    assert {query.workspace_sid for query in found} == {WORKSPACE}
    assert {(query.window, query.filters) for query in found} == {
        (TEMPLATE.window, TEMPLATE.filters)
    }


@virtual
async def test_the_worker_is_the_context():
    """The context is the given Worker, or for a SID a Worker with only that SID."""
    worker = Worker(sid=SIDS[0], friendly_name="Ann")
    first, second = await made([worker, SIDS[1]])
    assert first.context is worker
    assert second.context == Worker(sid=SIDS[1], workspace_sid=WORKSPACE)


@pytest.mark.parametrize("worker", [SIDS[0], Worker(sid=SIDS[0])], ids=["SID", "Worker"])
def test_a_single_worker_is_a_mistake(worker):
    """One worker instead of several raises UsageError that names the right call."""
    with pytest.raises(errors.UsageError, match="use workers="):
        WorkerQueries(TEMPLATE, worker)


@pytest.mark.parametrize("workers", [7, object(), TEMPLATE], ids=["int", "object", "query"])
def test_what_is_not_iterable_is_a_mistake(workers):
    """A value that is not iterable raises UsageError at once."""
    with pytest.raises(errors.UsageError, match="workers="):
        WorkerQueries(TEMPLATE, workers)


@pytest.mark.parametrize("bad", [7, None, "WK1", "WS" + "0" * 32, TEMPLATE])
@virtual
async def test_an_invalid_sid_is_a_mistake(bad):
    """An invalid SID raises InvalidSid: in a list at once, in a generator at its turn."""
    with pytest.raises(errors.UsageError, match="worker_sid="):
        WorkerQueries(TEMPLATE, [*SIDS, bad])
    with pytest.raises(errors.UsageError, match="worker_sid="):
        await made(worker for worker in [*SIDS, bad])


@pytest.mark.parametrize("sid", ["", "WK1", "WQ" + "0" * 32])
@virtual
async def test_a_worker_with_another_sid_is_a_mistake(sid):
    """A Worker whose SID is not a Worker's raises InvalidSid."""
    with pytest.raises(errors.InvalidSid):
        await made([Worker(sid=sid)])


@virtual
async def test_a_repeated_worker_gives_one_query():
    """A repeated SID, as text or Worker, gives no second query and does not count twice."""
    workers = [SIDS[0], SIDS[1], Worker(sid=SIDS[0], friendly_name="Ann"), SIDS[1], SIDS[2]]
    source = WorkerQueries(TEMPLATE, workers)
    assert [query.sid async for query in source.queries()] == SIDS[:3]
    assert source.total() == 3


class TestTotal:
    """The number of queries."""

    @pytest.mark.parametrize(
        ("workers", "total"),
        [(SIDS, 5), (set(SIDS), 5), ((sid for sid in SIDS), None), (Counted(), 5)],
    )
    def test_of_what_is_given(self, workers, total):
        """A source with a length gives the total before it is read; other sources do not."""
        assert WorkerQueries(TEMPLATE, workers).total() == total

    @virtual
    async def test_of_a_listing(self):
        """A listing's total is known with its last page, before its last item is read."""
        listing = queries.workers(WORKSPACE, page_size=2)
        async with session_over(FakeTransport(pages(SIDS, 2))) as session:
            found = WorkerQueries(TEMPLATE, session.iterate(listing))
            seen = [found.total() async for _ in found.queries()]
        assert seen == [None] * 4 + [5]


class TestClosing:
    """Closing the queries closes their source."""

    @virtual
    async def test_a_listing_is_closed(self):
        """Closing the queries cancels the listing's request for its next page."""
        transport = FakeTransport(
            lambda r: statistics(r) if "WK" in r.target else pages(SIDS, 2)(r), latency=1
        )
        async with session_over(transport) as session:
            listing = queries.workers(WORKSPACE, page_size=2)
            found = WorkerQueries(TEMPLATE, session.iterate(listing)).queries()
            await anext(found)
            await found.aclose()
            assert transport.in_flight == 0

    @pytest.mark.parametrize("kind", ["sync", "async"])
    @virtual
    async def test_a_generator_is_closed(self, kind):
        """Closing the queries closes the generator of workers."""
        closed = []

        def workers():
            try:
                yield from SIDS
            finally:
                closed.append(kind)

        async def workers_later():
            try:
                for sid in SIDS:
                    yield sid
            finally:
                closed.append(kind)

        source = workers() if kind == "sync" else workers_later()
        found = WorkerQueries(TEMPLATE, source).queries()
        await anext(found)
        await found.aclose()
        assert closed == [kind]


@virtual
async def test_a_null_worker_raises():
    """A page with null among its workers raises an error and does not end the list."""
    page = reply(200, {"workers": [{"sid": SIDS[0]}, None], "meta": {"next_page_url": None}})
    listing = queries.workers(WORKSPACE)
    async with session_over(FakeTransport(lambda _: page)) as session:
        with pytest.raises(errors.PayloadError):
            await made(session.iterate(listing))
