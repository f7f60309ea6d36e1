"""The loop around an attempt: it gets decisions and performs the waits."""

import asyncio

import pytest

from taskrouter_stats.core.retry import GIVE_UP, RetryAfter
from taskrouter_stats.errors import ConnectionFailed, TaskRouterStatsError, TimedOut
from taskrouter_stats.session import retrying
from taskrouter_stats.session.retrying import call_again
from tests.support.fakes import FakeTransport, session_over, worker_query
from tests.support.virtual import now, settle, virtual

CALL = object()


class Attempts:
    """Calls that fail with each error in turn, then return their number."""

    def __init__(self, *errors):
        self._errors = list(errors)
        self.times = []

    async def __call__(self, call):
        """Attempt once."""
        assert call is CALL
        self.times.append(now())
        if self._errors:
            raise self._errors.pop(0)
        return len(self.times)


async def call_with_retries(call, attempt, decide, pause):
    """Attempt, and go on as the executor does."""
    try:
        return await attempt(call)
    except TaskRouterStatsError as error:
        first = [error]
    return await call_again(call, first, attempt, decide, pause)


@virtual
async def test_the_first_success_needs_no_tenacity(monkeypatch):
    """If the first attempt succeeds, tenacity does not run."""
    monkeypatch.setattr(retrying, "AsyncRetrying", None)
    async with session_over(FakeTransport()) as session:
        assert await session.fetch(worker_query(1))


@virtual
async def test_waits_as_decided():
    """After each failure the loop waits as decided."""
    attempts = Attempts(TimedOut(1), ConnectionFailed("gone"), TimedOut(1))
    waits = iter((0.5, 0.0, 2.0))
    assert (
        await call_with_retries(CALL, attempts, lambda *_: RetryAfter(next(waits)), asyncio.sleep)
        == 4
    )
    assert attempts.times == pytest.approx([0, 0.5, 0.5, 2.5])


@virtual
async def test_every_error_is_decided_on_once():
    """Each failed attempt's error is decided on once, in order."""
    errors, seen = [TimedOut(1), ConnectionFailed("a"), ConnectionFailed("b")], []

    def decide(_, error):
        seen.append(error)
        return RetryAfter(0.1)

    await call_with_retries(CALL, Attempts(*errors), decide, asyncio.sleep)
    assert seen == errors


@virtual
async def test_giving_up_raises_the_last_error():
    """Giving up raises the last error itself, without a wrapper."""
    last = ConnectionFailed("last")
    verdicts = iter((RetryAfter(1), GIVE_UP))
    with pytest.raises(ConnectionFailed) as caught:
        await call_with_retries(
            CALL, Attempts(TimedOut(1), last), lambda *_: next(verdicts), asyncio.sleep
        )
    assert caught.value is last


@pytest.mark.parametrize("position", [0, 1])
@virtual
async def test_other_errors_pass_through(position):
    """An error that is not this package's is raised at once."""
    errors = [TimedOut(1)] * position + [ZeroDivisionError()]
    attempts = Attempts(*errors)
    with pytest.raises(ZeroDivisionError):
        await call_with_retries(CALL, attempts, lambda *_: RetryAfter(0.0), asyncio.sleep)
    assert len(attempts.times) == position + 1


@virtual
async def test_cancelled_while_it_waits():
    """A cancellation between two attempts ends the call; no attempt follows."""
    attempts = Attempts(TimedOut(1), TimedOut(1))
    task = asyncio.create_task(
        call_with_retries(CALL, attempts, lambda *_: RetryAfter(60), asyncio.sleep)
    )
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert attempts.times == [0]


@pytest.mark.parametrize("failed_before", [0, 1])
@virtual
async def test_cancelled_while_it_attempts(failed_before):
    """A cancelled attempt ends the call; it is not decided on."""
    attempts = Attempts(*[TimedOut(1)] * failed_before)
    decided = []

    async def slow(call):
        await attempts(call)
        await asyncio.sleep(60)

    task = asyncio.create_task(
        call_with_retries(
            CALL, slow, lambda _, e: decided.append(e) or RetryAfter(0), asyncio.sleep
        )
    )
    await settle(50)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(decided) == failed_before
    assert len(attempts.times) == failed_before + 1
