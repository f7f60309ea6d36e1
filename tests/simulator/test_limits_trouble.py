"""Rivals and steps around every window model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.limits import WINDOWS, Rival, Start, Stepped

NOW = 1_800_000_000.0
limited = st.sampled_from(sorted(set(WINDOWS) - {"none"}))
arrivals = st.lists(st.floats(0, 30, allow_nan=False), max_size=60).map(sorted)


def admitted(limiter, seconds, per_second=100):
    """Return how many evenly spaced requests the limiter admits in each second."""
    counts = []
    for second in range(seconds):
        times = [NOW + second + at / per_second for at in range(per_second)]
        counts.append(sum(limiter.acquire(now).allowed for now in times))
    return counts


def rival(window, limit, share):
    """Return a limiter that a rival shares."""
    return Rival(WINDOWS[window](limit), limit, share)


def stepped(window, limit, *steps):
    """Return a limiter whose limit changes."""
    return Stepped(WINDOWS[window](limit), steps, Start())


def test_a_rival_spends_its_share():
    """A rival's requests reduce the budget of each window."""
    for window, left in (("fixed1s", 8), ("sliding1s", 8), ("sliding10s", 8)):
        limiter = rival(window, 16, 0.5)
        limiter.peek(NOW)
        assert limiter.peek(NOW + 9.9375).remaining == left


def test_a_rival_uses_budget_without_other_requests():
    """After a pause the rival has used its share of the current second."""
    limiter = rival("fixed1s", 10, 0.5)
    limiter.acquire(NOW)
    assert limiter.peek(NOW + 7.95).remaining == 5


def test_a_rival_after_a_long_pause_costs_little():
    """After a pause of a year the rival uses only the budget that a limiter still remembers."""
    limiter = rival("sliding10s", 1_000, 1.0)
    limiter.acquire(NOW)
    assert limiter.peek(NOW + 31_536_000).remaining == 0


@given(limited, st.integers(1, 4), st.floats(0.05, 1), arrivals)
def test_a_rival_never_adds_budget(window, limit, share, times):
    """A rival never increases the number of admitted requests."""
    alone, shared = WINDOWS[window](limit), rival(window, limit, share)
    mine = [sum(limiter.acquire(NOW + at).allowed for at in times) for limiter in (alone, shared)]
    assert mine[1] <= mine[0]


def test_no_limit_has_no_rival():
    """A rival does not reduce an unlimited budget."""
    limiter = rival("none", 1, 1.0)
    assert all(limiter.acquire(NOW).allowed for _ in range(50))


@pytest.mark.parametrize("window", ["fixed1s", "sliding1s", "bucket"])
def test_steps_change_the_limit(window):
    """Each step changes the limit, at its time after the first request."""
    limiter = stepped(window, 5, (4, 20), (2, 10))
    counts = admitted(limiter, 6)
    assert counts[1] == 5
    assert counts[3] == 10
    assert counts[5] == 20
    assert limiter.peek(NOW + 6).limit == 20


@pytest.mark.parametrize("window", sorted(set(WINDOWS) - {"none"}))
def test_a_step_down_keeps_used_budget(window):
    """Budget used before a step counts after it, and Remaining is never negative."""
    limiter = stepped(window, 10, (0.5, 1))
    for _ in range(100):
        limiter.acquire(NOW)
    verdict = limiter.acquire(NOW + 0.5)
    assert (verdict.allowed, verdict.remaining) == (False, 0)


def test_a_rival_follows_the_steps():
    """A rival requests its share of the current limit."""
    limiter = Stepped(rival("fixed1s", 8, 0.5), [(1, 32)], Start())
    limiter.acquire(NOW)
    assert limiter.peek(NOW + 3.99).remaining == 16


def test_steps_count_from_the_account_s_first_request():
    """Limiters with the same start apply their steps at the same time."""
    start = Start()
    first, second = (Stepped(WINDOWS["fixed1s"](1), [(5, 7)], start) for _ in range(2))
    first.acquire(NOW)
    assert second.peek(NOW + 5).limit == first.peek(NOW + 5).limit == 7


def test_set_limit_changes_a_stepped_limit():
    """``set_limit`` changes the limit until the next step."""
    limiter = stepped("fixed1s", 1)
    limiter.set_limit(3)
    assert limiter.peek(NOW).limit == 3
    assert stepped("none", 1).set_limit(2) is None
