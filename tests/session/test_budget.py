"""What a budget tells of itself."""

import logging

from taskrouter_stats.core.events import BudgetChanged
from tests.support.fakes import FakeTransport, Script, limits, session_over, trouble, worker_query
from tests.support.virtual import virtual


@virtual
async def test_changes_are_logged(caplog):
    """At DEBUG a new limit and a 429 are log records that carry the event; nothing else is."""
    caplog.set_level(logging.DEBUG, "taskrouter_stats")
    answers = Script(trouble(429, **limits(10, 0)))
    async with session_over(FakeTransport(answers)) as session:
        for number in range(3):
            await session.fetch(worker_query(number))
    events = [record.event for record in caplog.records]
    assert [type(event) for event in events] == [BudgetChanged]
    assert (events[0].refused, events[0].limit, events[0].remaining) == (True, 10, 0)
    assert events[0].reason == "paused"


@virtual
async def test_nothing_is_made_for_nobody(caplog):
    """Above DEBUG no event is made at all."""
    caplog.set_level(logging.INFO, "taskrouter_stats")
    async with session_over(FakeTransport(Script(trouble(429)))) as session:
        await session.fetch(worker_query(1))
    assert caplog.records == []
