"""An embedded TaskRouter: a made-up contact centre behind real HTTP, with a rate limit.

::

    async with Simulator(workers=200, limit=50) as simulator:
        simulator.base_url, simulator.credentials, simulator.workspace_sid, simulator.counters

From the bottom up: ``people`` have habits, ``days`` are lived by them, a ``tally`` cuts a window
out of days. ``tasks`` tell what stood behind a day's reservations in the queues of ``routing``, a
``ledger`` cuts windows out of that, ``books`` keep them; the ``world`` is all of it. ``asking``,
``expressions``, ``finding``, ``listing`` and ``refusals`` read requests as Twilio does;
``resources`` and ``statistics`` shape what ``lists`` and ``answers`` answer, ``routes`` is the
table of operations. ``limits`` admit or refuse, ``trouble`` makes that harder, ``headers`` tell of
it; ``faults`` spoil answers; ``app`` speaks HTTP, ``simulator`` starts and stops it.
"""

from .limits import WINDOWS
from .server.counters import Counters, Counts
from .simulator import Simulator
from .world.world import World

__all__ = ["WINDOWS", "Counters", "Counts", "Simulator", "World"]
