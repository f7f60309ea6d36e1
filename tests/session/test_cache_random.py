"""The cache's laws hold for any arrivals, cancellations, failures and clocks."""

import asyncio

from attrs import define, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats import CachePolicy, RetryPolicy, errors
from tests.support.fakes import (
    WORKSPACE,
    FakeTransport,
    number_of,
    reply,
    session_over,
    trouble,
    worker_query,
    worker_sid,
)
from tests.support.virtual import now, run_virtual

QUERIES = 2


@frozen
class Caller:
    """One call: when, what, how fresh, how patient, and when it is cancelled."""

    number: int
    at: float
    ttl: float
    stale: float
    max_wait: float | None
    cancelled_after: float | None
    interactive: bool


SECONDS = st.integers(0, 12).map(lambda tenths: tenths / 2)
CALLERS = st.builds(
    Caller,
    number=st.integers(1, QUERIES),
    at=SECONDS,
    ttl=SECONDS,
    stale=st.sampled_from([0.0, 0.0, 2.0]),
    max_wait=st.none() | SECONDS,
    cancelled_after=st.none() | SECONDS,
    interactive=st.booleans(),
)
REPLIES = st.lists(st.sampled_from(["ok", "ok", "ok", 404, 429, 503]), max_size=10)


@define
class Server:
    """Counts its replies in the values, and how many requests of a worker are on the wire."""

    replies: list
    seconds: float
    served_at: list
    on_wire: dict

    async def __call__(self, request):
        """Answer with the next reply of the list after some time."""
        number = number_of(request)
        self.on_wire[number] = self.on_wire.get(number, 0) + 1
        assert self.on_wire[number] == 1, "two requests of equal queries are on the wire"
        kind = self.replies.pop(0) if self.replies else "ok"
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.on_wire[number] -= 1
        if kind != "ok":
            return trouble(kind, **({"retry_after": 2} if kind == 429 else {}))
        self.served_at.append(now())
        sids = {"worker_sid": worker_sid(number), "workspace_sid": WORKSPACE}
        count = {"reservations_created": len(self.served_at) - 1}
        return reply(200, {**sids, "cumulative": count})


async def call(session, caller, results):
    """Make one call at its time; record when it was made and ended, and how."""
    await asyncio.sleep(caller.at)
    began = now()
    policy = CachePolicy(cumulative=caller.ttl, stale=caller.stale)
    result = None
    try:
        async with asyncio.timeout(caller.cancelled_after):
            result = await session.fetch(
                worker_query(caller.number),
                max_wait=caller.max_wait,
                priority="interactive" if caller.interactive else "bulk",
                cache_ttl=policy,
            )
    except (errors.TaskRouterStatsError, TimeoutError) as error:
        result = error
    results[caller] = (began, now(), result)


async def play(callers, replies, seconds):
    """Play the calls against the server; return their results and the server."""
    server, results = Server(list(replies), seconds, [], {}), {}
    transport = FakeTransport(server, latency=0)
    policy = RetryPolicy(attempts=2, base=0, refusals=3)
    async with session_over(transport, max_in_flight=2, retry=policy, cache_ttl=1) as session:
        await asyncio.gather(*(call(session, caller, results) for caller in callers))
    return results, server, transport


def check(caller, began, ended, result, server):
    """Check the result of one call."""
    if isinstance(result, errors.PaceError):
        assert result.max_wait == caller.max_wait
    elif isinstance(result, errors.TaskRouterStatsError):
        assert isinstance(result, (errors.NotFound, errors.RateLimited, errors.ServerError))
    elif isinstance(result, TimeoutError):
        assert ended == began + caller.cancelled_after
    else:
        assert result.worker_sid == worker_sid(caller.number)
        served = server.served_at[result.cumulative.reservations_created]
        fresh, stale = caller.ttl, caller.ttl + caller.stale
        assert served >= began or (ended == began and began - served < max(fresh, stale))


@settings(deadline=None, max_examples=80)
@given(
    callers=st.lists(CALLERS, min_size=1, max_size=8, unique=True),
    replies=REPLIES,
    seconds=st.sampled_from([0.0, 0.5, 3.0]),
)
def test_the_laws_hold(callers, replies, seconds):
    """No call gets a value too old or another's, and errors and limits are its own."""
    results, server, transport = run_virtual(play(callers, replies, seconds))
    assert results.keys() == set(callers)
    for caller, (began, ended, result) in results.items():
        check(caller, began, ended, result, server)
    raised = [result for _, _, result in results.values() if isinstance(result, Exception)]
    assert len({id(error) for error in raised}) == len(raised)
    assert len(transport.sent) <= 4 * len(callers)
