"""Processes that part and meet again, and what a process without rivals gets in advance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.fleet.shared_budget import EXPIRY
from tests.fleet.reports import START, Fleet, T


def burst(fleet, client="a"):
    """Let a process have twenty requests under way, which are half of the credit."""
    fleet.open(client)
    estimator = fleet.state.throttle.estimator
    estimator.assume_average()
    estimator.limit, estimator.remaining, estimator.busy_since = 50.0, 4.0, 1e9
    fleet.state.throttle._admission.admitted = 1000
    fleet.now += T
    return fleet.report(client, bulk=200)


def test_each_reply_frees_what_the_throttle_would_grant():
    """A process without rivals gets slots for the replies to come, all of them charged."""
    fleet = Fleet()
    first = burst(fleet)
    many = len(first.slots)
    assert (many > 10, first.wait.reason) == (True, "in_flight")
    fleet.now += T
    lease = fleet.report("a", bulk=200)
    assert lease.slots == ()
    freed = [slot for slot in lease.spare if slot is not None]
    assert 0 < len(freed) <= len(lease.spare) <= many
    assert fleet.state.clients["a"].held == many + len(freed)
    assert fleet.state.throttle.in_flight == many + len(freed)
    before = fleet.state.throttle.sent
    fleet.report("a", bulk=0, unused=tuple(slot.ticket for slot in freed))
    assert fleet.state.throttle.sent == before - len(freed)


def test_no_reply_frees_slots_beside_rivals():
    """If another process wants slots, replies are reported before slots are granted for them."""
    fleet = Fleet()
    burst(fleet)
    fleet.report("b", bulk=5)
    fleet.now += T
    assert fleet.report("a", bulk=200).spare == ()


def parted(**paces):
    """Return processes that were all busy, and could not reach the store for ten seconds."""
    fleet = Fleet()
    fleet.open()
    for client in paces:
        fleet.report(client, bulk=50)
    fleet.now += 10.0
    return fleet


@pytest.mark.parametrize("is_lost", [False, True])
def test_processes_that_come_back_are_other_clients_until_all_are_back(is_lost):
    """The pace is that of those who are back; only then it is a single client's again."""
    fleet = parted(a=5.0, b=20.0, c=10.0)
    if is_lost:
        fleet.state.part("a", fleet.now)
        fleet.state.restore(START + fleet.now)
    own = {} if is_lost else {"pace": 5.0}
    throttle = fleet.state.throttle
    for client, more, alone in (("a", own, False), ("b", {"pace": 20.0}, False), ("c", {}, True)):
        before = fleet.state.throttle.pace.rate
        fleet.now += T
        fleet.report(client, bulk=50, **more)
        throttle = fleet.state.throttle
        assert throttle.estimator.is_exclusive(fleet.now) is alone
        assert before <= 50.0
        if client == "b":
            assert throttle.pace.rate == pytest.approx(before + 20.0)
    assert throttle.pace.rate < 50.0


@given(st.lists(st.floats(1.0, 60.0), min_size=2, max_size=6))
def test_paces_add_up_to_the_limit_at_most(paces):
    """However fast processes were alone, together they do not start faster than the limit."""
    names = "abcdef"[: len(paces)]
    fleet = parted(**dict(zip(names, paces, strict=True)))
    for client, pace in zip(names, paces, strict=True):
        fleet.report(client, bulk=50, pace=pace)
    assert fleet.state.throttle.pace.rate <= 50.0
    assert fleet.state.throttle.estimator.is_exclusive(fleet.now)


def test_a_process_that_dies_while_all_are_away_is_waited_for_until_its_expiry():
    """Who does not come back stops being another client when it is taken for dead."""
    fleet = parted(a=5.0, b=5.0)
    fleet.report("a", bulk=50, pace=5.0)
    for _ in range(int(EXPIRY / T) + 2):
        fleet.now += T
        fleet.report("a", bulk=50)
    assert set(fleet.state.clients) == {"a"}
    assert fleet.state.throttle.estimator.is_exclusive(fleet.now)


def test_a_restored_state_is_newer_than_every_copy_of_the_lost_one():
    """Of two processes that bring a copy the second one goes on from what the first one stored."""
    fleet = Fleet()
    fleet.open()
    newest = fleet.state.copy()
    newest.steps += 1000
    fleet.state.restore(START + fleet.now)
    assert fleet.state.steps > newest.steps
