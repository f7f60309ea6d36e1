"""An event loop whose clock jumps to the next timer, so that tests do not sleep.

``@virtual`` runs an ``async def`` test in it, and then checks that no task, no timer and no
unretrieved error is left.
"""

import asyncio
import functools
import gc
import selectors

START = 1_000.0
"""First time of the clock; not 0, so that a time taken for a duration is noticed."""


class DeadlockError(AssertionError):
    """All tasks wait, and nothing remains that could wake one."""


class _JumpingSelector(selectors.DefaultSelector):
    """Polls, and moves the clock instead of waiting."""

    loop: "VirtualLoop"

    def select(self, timeout=None):
        self.loop.turns += 1
        ready = super().select(0)
        if not ready and timeout is None:
            raise DeadlockError("no timer and no socket is left that could wake the loop")
        if not ready and timeout > 0:
            self.loop.jump()
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a virtual clock; it counts the timers ever set, and its iterations."""

    def __init__(self):
        self._clock = START
        self.timers = self.turns = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self):
        """Return the virtual time (seconds)."""
        return self._clock

    def jump(self):
        """Move the clock to the next timer."""
        self._clock = max(self._clock, self._scheduled[0].when())

    def call_at(self, when, callback, *args, context=None):
        """Set a timer, and count it."""
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)

    def pending_timers(self):
        """Return the timers that are not cancelled."""
        return [handle for handle in self._scheduled if not handle.cancelled()]


def run_virtual(main, loop_class=VirtualLoop):
    """Run a coroutine on a virtual clock, check that nothing is left, return its result."""
    loop, troubles = loop_class(), []
    loop.set_exception_handler(lambda _, context: troubles.append(context))

    async def watched():
        result = await main
        await settle()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"
        timers = loop.pending_timers()
        assert not timers, f"timers are left: {timers}"
        return result

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(watched())
        gc.collect()  # conftest.py keeps it short
    assert not troubles, f"the loop reported errors: {troubles}"
    return result


def virtual(test):
    """Make an ``async def`` test a plain test that runs on a virtual clock."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        return run_virtual(test(*args, **kwargs))

    return run


async def settle(turns=10):
    """Run everything that can run now, without moving the clock."""
    for _ in range(turns):
        await asyncio.sleep(0)


def now():
    """Return the seconds since the test began."""
    return asyncio.get_running_loop().time() - START
