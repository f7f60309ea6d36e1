"""An event loop whose clock jumps to the next timer, so that no test ever sleeps.

``@virtual`` runs an ``async def`` test on it, and afterwards holds it to the house rules that
every test of asyncio code should hold: no task, no timer and no unretrieved error is left.
"""

import asyncio
import functools
import gc
import selectors

START = 1_000.0
"""What the clock shows at first; not 0, which would hide confusions with durations."""


class DeadlockError(AssertionError):
    """Everything waits, and nothing is left that could wake it."""


class _JumpingSelector(selectors.DefaultSelector):
    """Polls, and moves the clock instead of waiting."""

    loop: "VirtualLoop"

    def select(self, timeout=None):
        self.loop.turns += 1
        ready = super().select(0)
        if not ready and timeout is None:
            raise DeadlockError("nothing is left that could wake the loop")
        if not ready and timeout > 0:
            self.loop.jump()
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on a clock of its own; it counts the timers ever set, and its turns."""

    def __init__(self):
        self._clock = START
        self.timers = self.turns = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self):
        """What the clock shows."""
        return self._clock

    def jump(self):
        """Go to the moment of the next timer."""
        self._clock = max(self._clock, self._scheduled[0].when())

    def call_at(self, when, callback, *args, context=None):
        """Set a timer, and count it."""
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)

    def pending_timers(self):
        """The timers that would still ring."""
        return [handle for handle in self._scheduled if not handle.cancelled()]


def run_virtual(main, loop_class=VirtualLoop):
    """Run a coroutine on a virtual clock and return its result, leaving nothing behind."""
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

    gc.freeze()  # what is older is not this test's, and would only make collecting slow
    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            result = runner.run(watched())
            gc.collect()
    finally:
        gc.unfreeze()
    assert not troubles, f"the loop had to complain: {troubles}"
    return result


def virtual(test):
    """Make an ``async def`` test a plain one that runs on a virtual clock."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        return run_virtual(test(*args, **kwargs))

    return run


async def settle(turns=10):
    """Let everything that can run now run, without the clock moving."""
    for _ in range(turns):
        await asyncio.sleep(0)


def now():
    """Seconds since the test began."""
    return asyncio.get_running_loop().time() - START
