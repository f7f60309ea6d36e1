"""Cancels a task at any step of its loop: before the first callback, the second, and so on.

The callbacks run in asyncio's guaranteed order; only the step of the cancellation varies.
"""

from .virtual import VirtualLoop


class SteppedVirtualLoop(VirtualLoop):
    """Counts its callbacks, and runs an action before a given one."""

    def __init__(self):
        self.steps = 0
        self._planned = {}
        super().__init__()

    def plan(self, steps, action):
        """Run ``action`` before the callback ``steps`` from now."""
        self._planned[self.steps + steps] = action

    def forget(self):
        """Cancel all planned actions."""
        self._planned.clear()

    def call_soon(self, callback, *args, context=None):
        """Schedule the callback as a step."""
        return super().call_soon(self._step, callback, args, context=context)

    def _step(self, callback, args):
        self.steps += 1
        action = self._planned.pop(self.steps, None)
        if action is not None:
            action()
        callback(*args)


def waiting_at(task):
    """Return the names of the functions in which a task waits, as far as they are visible."""
    names, awaited = [], task.get_coro()
    while awaited is not None and hasattr(awaited, "cr_frame"):
        names.append(awaited.__qualname__)
        awaited = awaited.cr_await
    return names
