"""The one step of a shared budget: who gets which slots, and what is never lost or given twice."""

import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.fleet.client import Client
from taskrouter_stats.fleet.codec import decode, encode
from taskrouter_stats.fleet.report import Report, SharedReply
from taskrouter_stats.fleet.shared_budget import EXPIRY, SharedBudget
from tests.fleet.reports import START, Fleet, T


@pytest.mark.parametrize(("others", "is_alone"), [(0, True), (15, False)])
def test_what_another_process_may_have_sent_is_not_another_clients(others, is_alone):
    """Slots that no report tells of yet explain what is gone; what is gone besides shows others."""
    fleet = Fleet()
    fleet.open("a")
    mine = len(fleet.report("a", bulk=1).slots)
    theirs = len(fleet.report("b", bulk=10).slots)
    assert (mine, theirs) == (1, 10)
    fleet.now += T
    left = fleet.limit - mine - theirs - others
    fleet.report("a", replies=(fleet.reply("a", left),))
    assert fleet.state.throttle.estimator.is_exclusive(fleet.state.now) is is_alone


def test_the_first_request_of_all_processes_is_one_probe():
    """Before the first reply one process gets one slot, and the others none."""
    fleet = Fleet()
    leases = [fleet.report(client, bulk=10) for client in "abc"]
    assert [len(lease.slots) for lease in leases] == [1, 0, 0]
    assert leases[1].wait.seconds == math.inf


def test_slots_are_shared_evenly():
    """Processes that want as much get as much, whoever asks first and however much it asks for."""
    fleet = Fleet()
    fleet.open()
    granted = dict.fromkeys("abcd", 0)
    for turn in range(60):
        for client, bulk in zip("abcd", (500, 30, 500, 500), strict=True):
            replies = [fleet.reply(client, 25.0) for _ in fleet.held.get(client, ())[:]]
            lease = fleet.report(client, bulk=bulk, replies=tuple(replies))
            granted[client] += len(lease.slots) if turn else 0  # the first knew of no other
        fleet.now += T
    assert max(granted.values()) - min(granted.values()) <= 2
    assert sum(granted.values()) >= 100


def test_interactive_requests_of_any_process_go_first():
    """Where one process's interactive requests want all that is left, another's bulk gets none."""
    fleet = Fleet()
    fleet.open()
    throttle = fleet.state.throttle
    throttle.pace.rate = 10.0
    throttle.estimator.remaining = 10.0
    throttle.estimator.others.expect(throttle.created_at + 60.0, 0.5)
    throttle.estimator.refills.seen = True
    fleet.now += 2.0
    blob = encode(fleet.state)
    assert len(fleet.report("a", bulk=9, horizon=0.25).slots) >= 2
    fleet.state = decode(blob)
    fleet.state.clients["web"] = Client(interactive=3, room=3, asks_until=99.0, expires_at=99.0)
    assert fleet.report("a", bulk=9, horizon=0.25).slots == ()
    assert len(fleet.report("web", interactive=3, horizon=0.25).slots) == 3


def test_a_dead_process_gives_its_requests_in_flight_back():
    """What a process held that reports no longer is freed after its expiry, and not before."""
    fleet = Fleet()
    fleet.report("dead", bulk=1)
    assert fleet.report("b", bulk=1).slots == ()
    while fleet.now < EXPIRY - T:
        fleet.now += T
        assert fleet.report("b", bulk=1).slots == ()
    fleet.now += 2 * T
    assert len(fleet.report("b", bulk=1).slots) == 1


def test_nobody_expires_while_nobody_reaches_the_store():
    """After a time without any report, processes are not taken for dead at once."""
    fleet = Fleet()
    fleet.report("a", bulk=1)
    fleet.report("b", bulk=1)
    fleet.now += 60.0
    assert fleet.report("b", bulk=1).slots == ()


def test_a_pause_holds_for_every_process():
    """A 429 of one process leaves no slot to any other before the pause is over."""
    fleet = Fleet()
    fleet.open()
    fleet.report("a", bulk=1)
    fleet.now += T
    held = fleet.held["a"].pop()
    refusal = SharedReply(held, fleet.now, RateLimit(retry_after=2.0), refused=True, jitter=0.5)
    fleet.report("a", bulk=5, replies=(refusal,))
    for client in "abc":
        lease = fleet.report(client, bulk=5)
        assert lease.slots == ()
    assert lease.wait.reason == "paused"
    assert lease.wait.seconds == pytest.approx(2.0)


def test_the_most_careful_process_decides_the_shares():
    """Headroom and reserve are those of the process that leaves most, while it lives."""
    fleet = Fleet()
    fleet.report("a", bulk=1, headroom=0.1)
    fleet.report("b", bulk=1, headroom=0.3, reserve=0.2)
    throttle = fleet.state.throttle
    assert (throttle.headroom, throttle.reserved) == (0.3, 0.2)
    for _ in range(60):
        fleet.now += T
        fleet.report("a", bulk=1, headroom=0.1)
    assert (fleet.state.throttle.headroom, fleet.state.throttle.reserved) == (0.1, 0.0)


def test_a_clock_that_runs_back_stops_nothing():
    """If the store's clock goes back, the budget's time goes on from where it was."""
    fleet = Fleet()
    fleet.open()
    before = fleet.state.now
    lease = fleet.state.step(Report("a", 99, bulk=5, room=5, horizon=0.15, interval=T), 4e8, 4e8)
    assert fleet.state.now == before
    assert fleet.state.origin == pytest.approx(4e8 - before)
    assert lease.slots
    assert all(-0.01 <= slot.at <= 0.2 for slot in lease.slots)


def test_a_restored_state_waits_for_the_slots_of_the_lost_one():
    """After a process restored the state, slots are granted only when older ones are used up."""
    fleet = Fleet()
    fleet.open()
    fleet.state.restore(START + fleet.now)
    assert fleet.report("a", bulk=5).slots == ()
    fleet.now += 0.35
    assert fleet.report("a", bulk=5).slots != ()


moves = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 6),
        st.integers(0, 2),
        st.sampled_from(["reply", "reply", "refuse", "unused", "keep", "silent"]),
        st.sampled_from([0.0, 0.003, 0.05, 0.1, 0.5, 4.0]),
        st.integers(0, 50),
    ),
    max_size=40,
)


@given(moves)
def test_every_slot_is_counted(moves):
    """Whatever processes do, each gets what it wants at most, and all tickets are counted."""
    fleet, granted, last = Fleet(), 0, -math.inf
    for client, bulk, interactive, kind, seconds, remaining in moves:
        fleet.now += seconds
        if kind == "silent":
            continue
        held = fleet.held.setdefault(client, [])
        more = {}
        if kind in {"reply", "refuse"} and held:
            more["replies"] = (fleet.reply(client, float(remaining), refused=kind == "refuse"),)
        elif kind == "unused" and held and held[-1].sent_at is None:
            more["unused"] = (held.pop().ticket,)
        lease = fleet.report(client, bulk=bulk, interactive=interactive, **more)
        assert all(fleet.now - 1e-3 <= slot.at <= fleet.now + 0.16 for slot in lease.slots)
        new = len(lease.slots) + sum(slot is not None for slot in lease.spare)
        assert new <= bulk + interactive
        granted += new
        clients = fleet.state.clients.values()
        assert fleet.state.throttle.in_flight == sum(each.held for each in clients)
        assert fleet.state.clients[client].held == len(fleet.held[client])
        assert fleet.state.throttle.estimator.unsent == sum(each.unsent for each in clients)
        assert fleet.state.cursor >= last
        last = fleet.state.cursor
    assert fleet.state.throttle.sent <= granted


@given(moves)
def test_a_repeated_step_gives_the_same_lease(moves):
    """The same state, report and time give the same slots and the same next state."""
    fleet = Fleet()
    for client, bulk, interactive, _, seconds, _ in moves:
        fleet.now += seconds
        again = decode(encode(fleet.state))
        report = Report(client, 7, interactive, bulk, 100, horizon=0.15, interval=T)
        first = decode(encode(fleet.state)).step(report, START + fleet.now, START)
        lease = again.step(report, START + fleet.now, START)
        assert [attrs.astuple(slot) for slot in lease.slots] == [
            attrs.astuple(slot) for slot in first.slots
        ]
        fleet.report(client, bulk=bulk, interactive=interactive)


def test_an_admitted_reply_may_show_that_a_crowd_was_refused():
    """The account's limit is what the crowd left, although the reply that shows it was admitted."""
    state = SharedBudget.begin(START)
    state.clients["a"] = Client(held=10)
    state._learn_crowd(0.0, refused=True, account_wide=False)
    assert state.crowd.limit == math.inf
    state._learn_crowd(0.0, refused=False, account_wide=True)
    assert state.crowd.limit == 9.0


def test_the_accounts_limit_in_flight_is_learned_together():
    """A 429 of a budget with requests left bounds what all processes have in flight, in parts."""
    fleet = Fleet(limit=1000.0)
    fleet.open()
    for _ in range(4):
        fleet.now += T
        for client in "ab":
            held = fleet.held.get(client, [])
            replies = tuple(fleet.reply(client, 990.0) for _ in held[:2])
            fleet.report(client, bulk=50, replies=replies)
    fleet.now += 0.01
    for client in "ab":
        fleet.report(client, bulk=50)
    crowd = sum(each.sent_at is not None for held in fleet.held.values() for each in held)
    refusals = tuple(fleet.reply("a", 990.0, refused=True) for _ in range(3))
    fleet.report("a", bulk=50, replies=refusals)
    assert 0.5 * crowd <= fleet.state.crowd.limit <= crowd - 2
    parts = [fleet.report(client, bulk=50).at_once for client in "ab"]
    assert all(part < fleet.state.crowd.limit for part in parts)
    assert sum(parts) == pytest.approx(fleet.state.crowd.limit, rel=0.5)
