"""Objects that the sessions of one event loop share."""

import asyncio
import gc
import weakref

from taskrouter_stats.session.shared_in_loop import shared_in_loop


class Shared:
    """An object of a loop, which refers to it as those of sessions do."""

    def __init__(self, name):
        self.loop = asyncio.get_running_loop()
        self.name = name


async def both(make):
    """Return two objects of one loop, made with equal arguments, and one made with another."""
    return make("a"), make("a"), make("b")


def test_callers_in_one_loop_share_an_object():
    """Equal arguments give the same object in one loop, other arguments or loops another one."""
    make = shared_in_loop(Shared)
    first, again, other = asyncio.run(both(make))
    assert first is again
    assert (first.name, other.name) == ("a", "b")
    assert asyncio.run(both(make))[0] is not first


def test_nothing_keeps_the_object_or_its_loop():
    """Once no caller keeps the object, the object and its loop can be collected."""
    make = shared_in_loop(Shared)
    found = asyncio.run(both(make))[0]
    loop, left = weakref.ref(found.loop), weakref.ref(found)
    del found
    gc.collect()
    assert (left(), loop()) == (None, None)
