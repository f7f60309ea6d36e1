"""One process's side of a shared budget: its slots, and what becomes of those not used."""

import math

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle import SendTicket, Wait
from taskrouter_stats.fleet.leased_slots import VALID
from taskrouter_stats.fleet.report import Lease, Report, Slot
from taskrouter_stats.fleet.shared_budget import SharedBudget
from taskrouter_stats.fleet.shared_throttle import SharedThrottle
from taskrouter_stats.session.budget_throttle import Demand, PacingOptions


class Side:
    """A process's side with slots at these times, and what it asked for."""

    def __init__(self, *times, pace_limit=None, demand=(0, 9, 0, 100)):
        self.grants = self.wakes = 0
        self.demand = Demand(*demand)
        self.throttle = SharedThrottle(
            PacingOptions(pace_limit, 0.0, 0.0), lambda: self.demand, self.grant, self.wake
        )
        state = SharedBudget.begin(5e8)
        for at in times:
            state.throttle.reserve(at, departs=False)
        slots = tuple(Slot(at, SendTicket(at)) for at in times)
        lease = Lease(slots, wait=Wait(math.inf, "shared"))
        self.throttle.accept(state, lease, 0.0, 0.0, Report("a", 1))

    def grant(self):
        """Count a call."""
        self.grants += 1

    def wake(self):
        """Count a call."""
        self.wakes += 1

    def report(self, now):
        """Return the report at a time."""
        return self.throttle.report(now, "a", 2, (0, 0), 0.15, 0.1)


def test_a_slot_is_used_at_its_time():
    """A request waits for the next slot, then for the next one, then for the store."""
    side = Side(1.0, 1.5)
    throttle = side.throttle
    assert throttle.check(0.4, interactive=False) == Wait(pytest.approx(0.6), "pace")
    assert throttle.check(1.0, interactive=False).seconds == 0.0
    throttle.reserve(1.0)
    assert throttle.check(1.0, interactive=False).seconds == pytest.approx(0.5)
    throttle.reserve(1.5)
    assert throttle.check(1.5, interactive=False).seconds == math.inf
    assert side.wakes


def test_slots_of_before_a_stop_are_given_back():
    """A process that was stopped for 20 seconds uses no old slot, and returns them all."""
    side = Side(1.0, 1.1, 1.2)
    assert side.throttle.check(21.0, interactive=True).seconds == math.inf
    report = side.report(21.0)
    assert (len(report.unused), report.held, report.unsent) == (3, 0, 0)


def test_a_slot_is_valid_a_moment_longer():
    """A timer that wakes late still finds its slot, until ``VALID`` seconds later."""
    side = Side(1.0, 1.1)
    assert side.throttle.check(1.0 + VALID, interactive=False).seconds == 0.0
    assert side.throttle.check(1.101 + VALID, interactive=False).seconds == math.inf


def test_an_interactive_request_takes_the_next_slot_of_bulk():
    """A slot belongs to the process, so its interactive requests take the next one."""
    side = Side(1.0, demand=(1, 5, 0, 100))
    assert side.throttle.check(1.0, interactive=True).seconds == 0.0


def test_what_nobody_waits_for_is_given_back():
    """Slots beyond what waits are returned, and the latest of them first."""
    side = Side(1.0, 1.1, 1.2, demand=(0, 1, 0, 100))
    report = side.report(0.5)
    assert [ticket.at for ticket in report.unused] == [1.2, 1.1]
    assert report.held == 1


def test_a_refusal_gives_all_slots_back():
    """After a 429 no slot is used that was granted before it."""
    side = Side(1.0, 1.1, 1.2)
    held = side.throttle.reserve(1.0)
    side.throttle.observe(held, 1.05, RateLimit(retry_after=2.0), refused=True, jitter=0.5)
    assert side.throttle.check(1.3, interactive=True).seconds == math.inf
    report = side.report(1.3)
    assert (len(report.unused), len(report.replies), len(report.sent)) == (2, 1, 1)


def test_an_unsent_request_gives_its_slot_back():
    """A permit of which nothing was sent returns its slot, and counts as not sent."""
    side = Side(1.0)
    side.throttle.cancel(side.throttle.reserve(1.0, departs=False))
    assert (side.throttle.sent, side.throttle.in_flight) == (0, 0)
    assert len(side.report(1.1).unused) == 1
