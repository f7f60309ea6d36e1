"""What happens to processes that share a budget, and to their store: stories for the laboratory."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from tests.lab.fleet import World

__all__ = ["TROUBLES", "Story"]

Story: TypeAlias = "Callable[[World], Coroutine[Any, Any, None]]"

SECONDS = 30.0
"""Until when something happens."""


async def nothing(world: World) -> None:
    """Let the processes run."""


async def kills(world: World) -> None:
    """Kill a process every one to three seconds; another one goes on with what it left."""
    rng = random.Random(world.crew.seed)
    while True:
        await asyncio.sleep(rng.uniform(1.0, 3.0))
        if asyncio.get_running_loop().time() > world.began + SECONDS:
            return
        working = [each for each in world.processes if not each.is_dead and not each.finished]
        if not working:
            return
        victim = rng.choice(working)
        await victim.kill()
        world.start(victim.owed)


async def far_away(world: World) -> None:
    """Put the store 50 ms away, each way."""
    world.store.latency = 0.05


async def lost_answers(world: World) -> None:
    """Lose an answer of the store each second."""
    for second in range(1, int(SECONDS)):
        await world.until(float(second))
        world.store.loses_answers = 1


async def failovers(world: World) -> None:
    """Go on with a replica that is half a second behind, every five seconds."""
    for second in range(5, int(SECONDS), 5):
        await world.until(second - 0.5)
        replica = world.store.remember()
        await world.until(float(second))
        world.store.fail_over(replica)


async def outage(world: World) -> None:
    """Stop the store for ten seconds, and start it empty."""
    await world.until(5.0)
    world.store.go_down()
    await world.until(15.0)
    world.store.come_back(empty=True)


TROUBLES: dict[str, Story] = {
    "nothing": nothing,
    "`kill -9` of a process every two seconds, each replaced": kills,
    "the store is 50 ms away, each way": far_away,
    "an answer of the store is lost each second": lost_answers,
    "failover to a replica half a second behind, every five seconds": failovers,
    "the store is down for ten seconds, then empty": outage,
}
