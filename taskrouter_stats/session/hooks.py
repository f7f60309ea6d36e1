"""The hooks that a caller gives a session."""

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from taskrouter_stats.errors import InvalidParameter

if TYPE_CHECKING:
    from taskrouter_stats.core.events import Event

    from .hook_calls import Hooks

__all__ = ["Hook", "as_hooks"]

Hook = Callable[["Event"], object]
"""A function that a session calls with each event; its result is ignored."""


def as_hooks(hooks: Iterable[Hook], base_url: str) -> "Hooks | None":
    """Return the hooks of a session, or None if there are none.

    Raises:
        InvalidParameter: ``hooks`` is not an iterable of functions, or one is a coroutine function.
    """
    rule = "expected a list of functions, each called with one event; not async functions"
    found = tuple(hooks) if isinstance(hooks, Iterable) else (hooks,)
    for hook in found:
        is_async = inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(
            getattr(hook, "__call__", None)  # noqa: B004 (an instance's class may define it async)
        )
        if not callable(hook) or is_async or not isinstance(hooks, Iterable):
            raise InvalidParameter("hooks", type(hook).__name__, rule)
    if not found:
        return None
    from .hook_calls import Hooks  # noqa: PLC0415 (it takes time that few sessions need)

    return Hooks(found, base_url)
