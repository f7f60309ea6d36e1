"""The timer that all attempts share."""

import asyncio
from contextlib import contextmanager

import pytest

from taskrouter_stats.session.deadlines import Deadlines
from tests.support.virtual import now, settle, virtual


@contextmanager
def bounded(deadlines):
    """Let a deadline of the current task bound the block."""
    task = asyncio.current_task()
    deadlines.start(task)
    try:
        yield
    except BaseException as error:
        deadlines.stop(task, error)
        raise
    deadlines.stop(task)


async def attempt(deadlines, seconds=1e9):
    """Wait under a deadline; return the error's class and the time of the end."""
    try:
        with bounded(deadlines):
            await asyncio.sleep(seconds)
    except TimeoutError:
        return TimeoutError, now()
    return "finished", now()


@virtual
async def test_each_attempt_ends_exactly_at_its_own_deadline():
    """Attempts that start at different times each end after the same duration."""
    deadlines, started = Deadlines(7.25), []
    for delay in (0, 0.5, 0, 3):
        await asyncio.sleep(delay)
        started.append((now(), asyncio.create_task(attempt(deadlines))))
    for begun, task in started:
        assert await task == (TimeoutError, begun + 7.25)
        assert not task.cancelling()


@virtual
async def test_all_attempts_share_one_timer():
    """However many attempts are under way, the loop has one timer for their deadlines."""
    deadlines, stop = Deadlines(30), asyncio.Event()

    async def hold():
        with bounded(deadlines):
            await stop.wait()

    tasks = [asyncio.create_task(hold()) for _ in range(50)]
    await settle()
    assert len(asyncio.get_running_loop().pending_timers()) == 1
    stop.set()
    await asyncio.gather(*tasks)
    assert deadlines._running == {}
    deadlines.close()
    assert asyncio.get_running_loop().pending_timers() == []


@virtual
async def test_finished_attempts_are_forgotten():
    """While one attempt hangs, those that finish behind it leave nothing behind."""
    deadlines = Deadlines(30)
    hanging = asyncio.create_task(attempt(deadlines))
    for _ in range(100):
        assert (await attempt(deadlines, 0.1))[0] == "finished"
    assert len(deadlines._running) == 1
    assert await hanging == (TimeoutError, 30)


@virtual
async def test_a_cancellation_passes_through():
    """A cancellation by somebody else is not taken for the deadline."""
    deadlines = Deadlines(5)
    task = asyncio.create_task(attempt(deadlines))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert deadlines._running == {}
    deadlines.close()


@pytest.mark.parametrize("order", ["deadline first", "caller first"])
@virtual
async def test_a_cancellation_at_the_deadline_wins(order):
    """A task that is cancelled in the iteration of its deadline ends as cancelled."""
    deadlines, loop = Deadlines(5), asyncio.get_running_loop()
    task, end = asyncio.create_task(attempt(deadlines)), loop.time() + 5
    if order == "deadline first":
        await settle()
    loop.call_at(end, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert now() == 5


@virtual
async def test_a_callers_timeout_around_the_attempt_is_its_own():
    """A caller's ``asyncio.timeout`` around the attempt ends as that timeout."""
    deadlines = Deadlines(9)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4) as outer:
            await attempt(deadlines)
    assert outer.expired()
    assert now() == 4
    assert not asyncio.current_task().cancelling()
    deadlines.close()


@virtual
async def test_an_error_of_the_attempt_is_raised_unchanged():
    """An attempt that fails by itself raises its own error and stops its deadline."""
    deadlines = Deadlines(5)
    with pytest.raises(ZeroDivisionError), bounded(deadlines):
        raise ZeroDivisionError
    await asyncio.sleep(10)
    assert deadlines._running == {}
    assert asyncio.get_running_loop().pending_timers() == []
