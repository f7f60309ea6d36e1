"""Cancels a task at any step of its loop: before the first callback, the second, and so on.

The callbacks run in asyncio's guaranteed order; only the step of the cancellation varies.
"""

import asyncio
from collections import Counter

from .virtual import VirtualLoop


class SteppedVirtualLoop(VirtualLoop):
    """Counts its callbacks, and runs an action before a given one, or before each."""

    def __init__(self):
        self.steps = 0
        self._planned = {}
        self._at_each = None
        super().__init__()

    def plan(self, steps, action):
        """Run ``action`` before the callback ``steps`` from now."""
        self._planned[self.steps + steps] = action

    def plan_each(self, action):
        """Run ``action`` before each callback from now on."""
        self._at_each = action

    def forget(self):
        """Cancel all planned actions."""
        self._planned.clear()
        self._at_each = None

    def call_soon(self, callback, *args, context=None):
        """Schedule the callback as a step."""
        return super().call_soon(self._step, callback, args, context=context)

    def _step(self, callback, args):
        self.steps += 1
        for action in (self._planned.pop(self.steps, None), self._at_each):
            if action is not None:
                action()
        callback(*args)


def waiting_at(task):
    """Return the names of the functions in which a task waits, as far as they are visible."""
    return [coroutine.__qualname__ for coroutine in _awaited_by(task)]


def positions():
    """Return where each task of the running loop waits, to the instruction, and who is woken.

    Two moments with equal positions are the same moment to a cancellation: it is raised at one of
    these instructions.
    """
    return frozenset(Counter(map(_position, asyncio.all_tasks())).items())


def _position(task):
    places = [(it.__qualname__, it.cr_frame and it.cr_frame.f_lasti) for it in _awaited_by(task)]
    is_woken = task._fut_waiter is None or task._fut_waiter.done()
    return (*places, is_woken, task.cancelling())


def _awaited_by(task):
    awaited = task.get_coro()
    while awaited is not None and hasattr(awaited, "cr_frame"):
        yield awaited
        awaited = awaited.cr_await
