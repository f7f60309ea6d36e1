"""The server's time of an outcome's last reply."""

from datetime import UTC, datetime

from taskrouter_stats import errors
from tests.support.fakes import (
    FakeTransport,
    Script,
    session_over,
    statistics,
    trouble,
    worker_query,
)
from tests.support.virtual import virtual

DATE = "Thu, 26 Nov 2026 08:00:05 GMT"
TIME = datetime(2026, 11, 26, 8, 0, 5, tzinfo=UTC)


async def meta_after(*answers):
    """Return the meta of one query to a scripted server."""
    async with session_over(FakeTransport(Script(*answers), latency=0)) as session:
        [outcome] = await session.collect([worker_query(1)])
    return outcome.meta


@virtual
async def test_the_last_reply_counts():
    """The server's time is that of the last reply, an error's included."""
    earlier = trouble(500, date="Thu, 26 Nov 2026 07:00:00 GMT")
    meta = await meta_after(earlier, lambda request: statistics(request, date=DATE))
    assert (meta.attempts, meta.served_at) == (2, TIME)
    meta = await meta_after(trouble(404, date=DATE))
    assert (meta.status, meta.served_at) == (404, TIME)


@virtual
async def test_no_reply_has_no_time():
    """A last attempt without a reply leaves no time of an earlier reply."""
    meta = await meta_after(trouble(500, date=DATE), *[errors.TimedOut(30)] * 4)
    assert (meta.status, meta.served_at) == (None, None)
