"""A listing read page by page: order, prefetch, failures, misuse."""

import asyncio
import gc

import pytest

from taskrouter_stats import errors, queries
from tests.support.fakes import (
    WORKERS_PATH,
    WORKSPACE,
    FakeTransport,
    pages,
    read,
    reply,
    session_over,
    trouble,
    worker_query,
    worker_sid,
)
from tests.support.virtual import now, settle, virtual

SIDS = [worker_sid(number) for number in range(10)]
HERE = f"https://taskrouter.twilio.com{WORKERS_PATH}"
LISTING = queries.workers(WORKSPACE, page_size=3)


class TestReading:
    """Reading a list without failures."""

    @virtual
    async def test_every_item_in_order(self):
        """All pages' items come in the server's order, each once; then the total is known."""
        transport = FakeTransport(pages(SIDS, 3))
        async with session_over(transport) as session:
            items = session.iterate(LISTING)
            assert items.total is None
            assert await read(items) == (SIDS, None)
            assert items.total == 10
        assert len(transport.sent) == 4

    @virtual
    async def test_collect_returns_a_list(self):
        """Collecting a listing returns its items as a list."""
        async with session_over(FakeTransport(pages(SIDS, 3))) as session:
            assert [w.sid for w in await session.iterate(LISTING).collect()] == SIDS

    @virtual
    async def test_an_empty_list_is_empty(self):
        """A list without items ends at once."""
        async with session_over(FakeTransport(pages([], 3))) as session:
            assert await session.iterate(LISTING).collect() == []

    @virtual
    async def test_nothing_is_sent_before_reading(self):
        """``session.iterate`` alone sends nothing."""
        transport = FakeTransport(pages(SIDS, 3))
        async with session_over(transport) as session:
            session.iterate(LISTING)
            await asyncio.sleep(1)
        assert transport.sent == []

    @virtual
    async def test_one_page_ahead(self):
        """While a page is read, the next page is fetched, and no further page."""
        transport = FakeTransport(pages(SIDS, 3))
        async with session_over(transport) as session, session.iterate(LISTING) as items:
            for count in (2, 2, 2, 3, 3, 3, 4):
                await anext(items)
                await asyncio.sleep(1)
                assert len(transport.sent) == count

    @virtual
    async def test_pages_go_before_bulk_requests(self):
        """A page is an interactive request: it goes before waiting bulk requests."""
        transport = FakeTransport(
            lambda r: pages(SIDS, 5)(r) if "Page" in r.target else reply(200, {}), latency=1
        )
        async with session_over(transport, max_in_flight=1) as session:
            bulk = asyncio.create_task(session.collect([worker_query(n) for n in range(5)]))
            await asyncio.sleep(0.5)
            await anext(session.iterate(LISTING))
            assert now() == 2
            await bulk


class TestFailures:
    """Pages that fail."""

    @virtual
    async def test_earlier_items_come_first(self):
        """The items of the pages before a failed page come first, then the error is raised."""
        answer = pages(SIDS, 3)
        transport = FakeTransport(lambda r: trouble(403) if "Page=2" in r.target else answer(r))
        async with session_over(transport) as session:
            items = session.iterate(LISTING)
            found, error = await read(items)
        assert found == SIDS[:6]
        assert isinstance(error, errors.Forbidden)
        assert items.total is None, "the number of items is unknown"

    @virtual
    async def test_a_page_is_retried(self):
        """A page with a temporary failure is retried, and no item is lost or repeated."""
        answer = pages(SIDS, 3)
        troubles = [trouble(503), trouble(429, retry_after=1), errors.TimedOut(1)] * 4
        transport = FakeTransport(
            lambda r: troubles.pop() if troubles and len(transport.sent) % 2 else answer(r)
        )
        async with session_over(transport) as session:
            assert await read(session.iterate(LISTING)) == (SIDS, None)

    @virtual
    async def test_a_bad_item_raises_after_the_last_item(self):
        """An item without a SID is left out; its error comes after all items, at every read."""
        workers = [{"sid": SIDS[0]}, {"friendly_name": "Ann"}, {"sid": SIDS[1]}]
        page = reply(200, {"workers": workers, "meta": {"next_page_url": None}})
        async with session_over(FakeTransport(lambda _: page)) as session:
            items = session.iterate(LISTING)
            found, error = await read(items)
            assert found == SIDS[:2]
            assert error.problems == (
                "$.workers: 1 of 3 items cannot be read and were left out",
                "$.workers[].sid: required, but missing",
            )
            with pytest.raises(errors.PayloadError):
                await anext(items)
            with pytest.raises(errors.PayloadError):
                await session.iterate(LISTING).collect()

    @virtual
    async def test_unexpected_values_are_logged_once(self, caplog):
        """Items with unexpected values are delivered; one log line names fields, not values."""
        odd = {"available": "maybe", "friendly_name": 7}
        workers = [{"sid": SIDS[0], **odd}, {"sid": SIDS[1], **odd}, {"sid": SIDS[2]}]
        page = reply(200, {"workers": workers, "meta": {"next_page_url": None}})
        async with session_over(FakeTransport(lambda _: page)) as session:
            found = await session.iterate(LISTING).collect()
        assert [worker.sid for worker in found] == SIDS[:3]
        assert (found[0].available, found[0].friendly_name) == (None, "7")
        assert found[0].extra == {"available": "maybe"}
        (record,) = caplog.records
        assert "2 of 3 items" in record.message
        assert "(available: 2, friendly_name: 2)" in record.message
        assert "maybe" not in record.message

    @virtual
    async def test_an_unread_failure_is_not_logged(self):
        """A prefetched page that fails after its reader has left causes no log record."""
        answer = pages(SIDS, 3)
        transport = FakeTransport(lambda r: trouble(404) if "Page=1" in r.target else answer(r))
        async with session_over(transport) as session:
            async for _ in session.iterate(LISTING):
                break
            await asyncio.sleep(5)
            gc.collect()


class TestLeaving:
    """Readers that stop early."""

    @virtual
    async def test_leaving_cancels_the_prefetch(self):
        """Leaving the ``async with`` early cancels the request for the next page."""
        transport = FakeTransport(pages(SIDS, 3), latency=5)
        async with session_over(transport) as session:
            async with session.iterate(LISTING) as items:
                await anext(items)
                await asyncio.sleep(1)
                assert transport.in_flight == 1
            assert transport.in_flight == 0
            assert items.total is None
            with pytest.raises(StopAsyncIteration):
                await anext(items)

    @virtual
    async def test_a_plain_loop_left_early_ends_with_the_session(self):
        """Without ``async with`` the prefetch continues until the session is closed."""
        transport = FakeTransport(pages(SIDS, 3), latency=5)
        async with session_over(transport) as session:
            async for _ in session.iterate(LISTING):
                break
            await settle()
            assert transport.in_flight == 1
            await session.aclose()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    @virtual
    async def test_a_cancelled_read_loses_nothing(self):
        """After a cancelled read the next read returns the same page."""
        transport = FakeTransport(pages(SIDS, 3), latency=5)
        async with session_over(transport) as session:
            items = session.iterate(LISTING)
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(items), 1)
            assert [w.sid for w in await items.collect()] == SIDS
        assert len(transport.sent) == 4

    @virtual
    async def test_closing_the_session_ends_the_read(self):
        """A read that waits for a page raises SessionClosed when the session is closed."""
        async with session_over(FakeTransport(pages(SIDS, 3), latency=5)) as session:
            task = asyncio.create_task(read(session.iterate(LISTING)))
            await asyncio.sleep(7)
            await session.aclose()
            found, error = await task
        assert found == SIDS[:3]
        assert isinstance(error, errors.SessionClosed)


class TestMisuse:
    """Wrong uses and their errors."""

    @virtual
    async def test_read_twice(self):
        """A second loop over the same items raises SessionMisuse."""
        async with session_over(FakeTransport(pages(SIDS, 3))) as session:
            items = session.iterate(LISTING)
            await read(items)
            with pytest.raises(errors.SessionMisuse, match=r"session\.iterate\(\) again"):
                aiter(items)

    @virtual
    async def test_after_the_session(self):
        """Reading from a closed session raises SessionClosed, without a log record."""
        async with session_over(FakeTransport()) as session:
            items = session.iterate(LISTING)
        with pytest.raises(errors.SessionClosed):
            await anext(items)
        gc.collect()

    @virtual
    async def test_two_readers_share_the_items(self):
        """Two tasks that read the same items get each item once between them."""
        async with session_over(FakeTransport(pages(SIDS, 3))) as session:
            items, found = session.iterate(LISTING), []

            async def take():
                while (worker := await anext(items, None)) is not None:
                    found.append(worker.sid)

            await asyncio.gather(take(), take(), take())
        assert sorted(found) == SIDS
