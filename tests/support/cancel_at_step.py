"""Cancels a task at any step of its loop: before the first callback, the second, and so on.

The order of callbacks is the loop's own, which asyncio promises; what varies is where among them
the cancellation falls, and that is between any two of them.
"""

import asyncio

from .virtual import VirtualLoop


class _Stepping:
    """Counts what the loop runs, and does something else at one step of it."""

    def __init__(self):
        self.steps = 0
        self._planned = {}
        super().__init__()

    def plan(self, steps, action):
        """Do that before the callback that comes so many steps from now."""
        self._planned[self.steps + steps] = action

    def forget(self):
        """Plan nothing any more."""
        self._planned.clear()

    def call_soon(self, callback, *args, context=None):
        """Run it as a step."""
        return super().call_soon(self._step, callback, args, context=context)

    def _step(self, callback, args):
        self.steps += 1
        action = self._planned.pop(self.steps, None)
        if action is not None:
            action()
        callback(*args)


class SteppedVirtualLoop(_Stepping, VirtualLoop):
    """On a virtual clock."""


class SteppedLoop(_Stepping, asyncio.SelectorEventLoop):
    """On the real clock, for real sockets."""


def waiting_at(task):
    """The names of the functions that a task's wait passes through, as far as they can be seen."""
    names, awaited = [], task.get_coro()
    while awaited is not None and hasattr(awaited, "cr_frame"):
        names.append(awaited.__qualname__)
        awaited = awaited.cr_await
    return names
