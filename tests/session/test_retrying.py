"""The loop around an attempt: decisions come from outside, waits are performed here."""

import asyncio

import pytest

from taskrouter_stats.core.retry import GIVE_UP, RetryAfter
from taskrouter_stats.errors import ConnectionFailed, TimedOut
from taskrouter_stats.session import retrying
from taskrouter_stats.session.retrying import call_with_retries
from tests.support.virtual import now, settle, virtual

ERRAND = object()


class Attempts:
    """Fails with each error in turn, then succeeds with their number."""

    def __init__(self, *errors):
        self._errors = list(errors)
        self.times = []

    async def __call__(self, errand):
        """Attempt once."""
        assert errand is ERRAND
        self.times.append(now())
        if self._errors:
            raise self._errors.pop(0)
        return len(self.times)


@virtual
async def test_the_first_success_costs_nothing(monkeypatch):
    """When the first attempt succeeds, tenacity is not even entered."""
    monkeypatch.setattr(retrying, "AsyncRetrying", None)
    assert await call_with_retries(ERRAND, Attempts(), None, asyncio.sleep) == 1


@virtual
async def test_waits_as_decided():
    """Each failure is followed by the wait that was decided for it."""
    attempts = Attempts(TimedOut(1), ConnectionFailed("gone"), TimedOut(1))
    waits = iter((0.5, 0.0, 2.0))
    assert (
        await call_with_retries(ERRAND, attempts, lambda *_: RetryAfter(next(waits)), asyncio.sleep)
        == 4
    )
    assert attempts.times == pytest.approx([0, 0.5, 0.5, 2.5])


@virtual
async def test_every_error_is_decided_on_once():
    """The decision is asked once for each failed attempt, with its error, in order."""
    errors, seen = [TimedOut(1), ConnectionFailed("a"), ConnectionFailed("b")], []

    def decide(_, error):
        seen.append(error)
        return RetryAfter(0.1)

    await call_with_retries(ERRAND, Attempts(*errors), decide, asyncio.sleep)
    assert seen == errors


@virtual
async def test_giving_up_raises_the_last_error():
    """When the decision is to give up, the last error itself comes out, no wrapper."""
    last = ConnectionFailed("last")
    verdicts = iter((RetryAfter(1), GIVE_UP))
    with pytest.raises(ConnectionFailed) as caught:
        await call_with_retries(
            ERRAND, Attempts(TimedOut(1), last), lambda *_: next(verdicts), asyncio.sleep
        )
    assert caught.value is last


@pytest.mark.parametrize("position", [0, 1])
@virtual
async def test_other_errors_pass_through(position):
    """An error that is not this package's is no failed attempt: it is raised at once."""
    errors = [TimedOut(1)] * position + [ZeroDivisionError()]
    attempts = Attempts(*errors)
    with pytest.raises(ZeroDivisionError):
        await call_with_retries(ERRAND, attempts, lambda *_: RetryAfter(0.0), asyncio.sleep)
    assert len(attempts.times) == position + 1


@virtual
async def test_cancelled_while_it_waits():
    """Cancelling the wait between two attempts ends it there, and no attempt follows."""
    attempts = Attempts(TimedOut(1), TimedOut(1))
    task = asyncio.create_task(
        call_with_retries(ERRAND, attempts, lambda *_: RetryAfter(60), asyncio.sleep)
    )
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert attempts.times == [0]


@pytest.mark.parametrize("failed_before", [0, 1])
@virtual
async def test_cancelled_while_it_attempts(failed_before):
    """Cancelling an attempt is no failure of it: nothing is decided and nothing follows."""
    attempts = Attempts(*[TimedOut(1)] * failed_before)
    decided = []

    async def slow(errand):
        await attempts(errand)
        await asyncio.sleep(60)

    task = asyncio.create_task(
        call_with_retries(
            ERRAND, slow, lambda _, e: decided.append(e) or RetryAfter(0), asyncio.sleep
        )
    )
    await settle(50)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(decided) == failed_before
    assert len(attempts.times) == failed_before + 1
