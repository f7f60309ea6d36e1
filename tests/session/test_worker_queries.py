"""Workers, however they are given, become one query each."""

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
    """The queries for those workers."""
    return [query async for query in WorkerQueries(TEMPLATE, workers).queries()]


async def later(values):
    """The values as an async generator."""
    for value in values:
        yield value


class Counted:
    """An async iterable that is no generator, and knows how many it has."""

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
    """Any iterable of SIDs or Workers, sync or async, gives a query for each, in order."""
    found = await made(workers)
    assert [query.sid for query in found] == SIDS
    assert {query.workspace_sid for query in found} == {WORKSPACE}
    assert {(query.window, query.filters) for query in found} == {
        (TEMPLATE.window, TEMPLATE.filters)
    }


@virtual
async def test_the_worker_is_the_context():
    """A Worker comes back as it was given, and a SID as a Worker that has only that."""
    worker = Worker(sid=SIDS[0], friendly_name="Ann")
    first, second = await made([worker, SIDS[1]])
    assert first.context is worker
    assert second.context == Worker(sid=SIDS[1], workspace_sid=WORKSPACE)


@pytest.mark.parametrize("one", [SIDS[0], Worker(sid=SIDS[0])], ids=["SID", "Worker"])
def test_a_single_worker_is_a_mistake(one):
    """One worker in place of several is refused with what to do instead."""
    with pytest.raises(errors.UsageError, match="put the one into a list"):
        WorkerQueries(TEMPLATE, one)


@pytest.mark.parametrize("workers", [7, object(), TEMPLATE], ids=["int", "object", "query"])
def test_what_is_no_collection_is_a_mistake(workers):
    """Something that can't be iterated over is refused when it is given."""
    with pytest.raises(errors.UsageError, match="workers="):
        WorkerQueries(TEMPLATE, workers)


@pytest.mark.parametrize("bad", [7, None, "WK1", "WS" + "0" * 32, TEMPLATE])
@virtual
async def test_what_is_no_worker_is_a_mistake(bad):
    """What is no worker's SID is refused in a list at once, in a generator at its turn."""
    with pytest.raises(errors.UsageError, match="worker_sid="):
        WorkerQueries(TEMPLATE, [*SIDS, bad])
    with pytest.raises(errors.UsageError, match="worker_sid="):
        await made(one for one in [*SIDS, bad])


@pytest.mark.parametrize("sid", ["", "WK1", "WQ" + "0" * 32])
@virtual
async def test_a_worker_of_another_name_is_a_mistake(sid):
    """A Worker whose SID is not a Worker's is refused, not left out."""
    with pytest.raises(errors.InvalidSid):
        await made([Worker(sid=sid)])


@virtual
async def test_a_worker_that_is_given_twice_is_asked_about_once():
    """A SID that comes again, as text or as a Worker, makes no second query, nor a longer run."""
    workers = [SIDS[0], SIDS[1], Worker(sid=SIDS[0], friendly_name="Ann"), SIDS[1], SIDS[2]]
    source = WorkerQueries(TEMPLATE, workers)
    assert [query.sid async for query in source.queries()] == SIDS[:3]
    assert source.total() == 3


class TestTotal:
    """How many there will be."""

    @pytest.mark.parametrize(
        ("workers", "total"),
        [(SIDS, 5), (set(SIDS), 5), ((sid for sid in SIDS), None), (Counted(), 5)],
    )
    def test_of_what_is_given(self, workers, total):
        """What has a length tells it before it is read; the rest doesn't."""
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
    """Sources end with the queries that are made of them."""

    @virtual
    async def test_a_listing_is_closed(self):
        """Closing the queries ends the listing's request for its next page."""
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
        """Closing the queries closes the generator that the workers came from."""
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
async def test_a_listed_worker_that_is_none_ends_nothing_quietly():
    """A page with null among its workers raises and does not end the list."""
    page = reply(200, {"workers": [{"sid": SIDS[0]}, None], "meta": {}})
    listing = queries.workers(WORKSPACE)
    async with session_over(FakeTransport(lambda _: page)) as session:
        with pytest.raises(errors.PayloadError):
            await made(session.iterate(listing))
