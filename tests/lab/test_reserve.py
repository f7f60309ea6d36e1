"""What bulk requests leave to interactive ones, under each model of a limiter."""

import random
from collections import Counter

import pytest

from taskrouter_stats.core.throttle import Throttle
from tests.lab.scenarios import MODELS
from tests.lab.subject import Ours
from tests.lab.world import Client, Clock, Latency, Server

LIMIT, RESERVE, JOBS = 20.0, 0.2, 900
WINDOWS = {"fixed1s": 1, "sliding1s": 1, "bucket": 1, "bucket2": 2, "fixed5s": 5, "sliding5s": 5}
WINDOWS |= {"fixed10s_rate": 10, "fixed10s_total": 10, "sliding10s": 10, "bucket10": 10}


class Reserving(Ours):
    """A process that reserves a share of its budget."""

    is_interactive = False

    def ask(self, now, *, interactive, waiting):
        """Remember whose the next request is."""
        self.is_interactive = interactive
        return super().ask(now, interactive=interactive, waiting=waiting)

    def send(self, now):
        """Charge it to its kind."""
        ticket = self.throttle.reserve(now, departs=False, interactive=self.is_interactive)
        return ticket, self.window.start()


def run(model, reserve, fetches=()):
    """Run a saturating stream, with interactive requests at these times."""
    rng = random.Random(f"reserve/{model}")
    server, clock = Server(MODELS[model](LIMIT, rng)), Clock()
    strategy = Reserving(rng, Throttle(0.0, reserved=reserve))
    client = Client(clock, server, Latency(rng, 0.15, 0.3), strategy, jobs=JOBS)
    clock.at(0.0, client.pump)
    for at in fetches:
        clock.at(at, client.add_urgent)
    clock.run(lambda: client.tally.done >= JOBS + len(fetches), until=1000.0)
    assert client.tally.done == JOBS + len(fetches)
    return client.tally, server


def busiest(server, seconds):
    """Return the most requests that the server got in one of its fixed windows."""
    phase = server.limiter.phase
    return max(Counter((at + phase) // seconds for at, _, _ in server.diary).values())


@pytest.mark.parametrize("model", WINDOWS)
def test_bulk_keeps_to_its_part(model):
    """A stream uses its part of the limit, in each fixed window too, and nothing is refused."""
    tally, server = run(model, RESERVE)
    part, seconds = (1.0 - RESERVE) * LIMIT, WINDOWS[model]
    if model.startswith("fixed"):
        assert busiest(server, seconds) <= part * seconds + 1
    else:
        assert part * (tally.finished + seconds) + 2 >= JOBS
    assert tally.finished <= 1.1 * JOBS / part + seconds
    assert tally.refused == 0


@pytest.mark.parametrize("model", WINDOWS)
def test_fetches_wait_for_no_window(model):
    """Three at once in a saturating stream wait for four slots of the limit at most."""
    tally, _ = run(model, RESERVE, fetches=[5.0 + 1.37 * (number // 3) for number in range(84)])
    assert max(tally.waits) <= 4.0 / LIMIT
