"""A simulated TaskRouter: a generated contact centre over real HTTP, with a rate limit.

::

    async with Simulator(workers=200, limit=50) as simulator:
        simulator.base_url, simulator.credentials, simulator.workspace_sid, simulator.counters

``world/`` generates workers, their days and their tasks as plain values. ``server/`` reads
requests, makes replies from these values in the shape of Twilio's JSON, and sends them. ``limits``
holds the rate limiters. README.md describes the window models and the faults.
"""

from .limits import WINDOWS
from .server.counters import Counters, Counts
from .simulator import Simulator
from .world.world import World

__all__ = ["WINDOWS", "Counters", "Counts", "Simulator", "World"]
