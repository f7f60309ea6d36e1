"""Objects that all sessions of one event loop share."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple
from weakref import WeakValueDictionary

__all__ = ["shared_in_loop"]

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


def shared_in_loop(make: Callable[[*Ts], T]) -> Callable[[*Ts], T]:
    """Return a function that makes one object for each event loop and arguments.

    Its callers in one loop share the object until none of them keeps it; then it can be collected,
    and the loop with it.
    """
    made: WeakValueDictionary[object, T] = WeakValueDictionary()

    def shared(*arguments: *Ts) -> T:
        key = asyncio.get_running_loop(), arguments
        found = made.get(key)
        if found is None:
            found = made[key] = make(*arguments)
        return found

    return shared
