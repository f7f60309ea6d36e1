"""The window models: examples with a virtual clock, and laws over any arrivals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.simulator.limits import CONFIG, WINDOWS, Verdict

NOW = 1_800_000_000.0
arrivals = st.lists(st.floats(0, 40, allow_nan=False), max_size=120).map(
    lambda offsets: [NOW + offset for offset in sorted(offsets)]
)
limits = st.integers(1, 4)
limited = st.sampled_from(sorted(set(WINDOWS) - {"none"}))


def admitted(window, limit, times):
    """Return the times at which the limiter admitted a request."""
    limiter = WINDOWS[window](limit)
    return [now for now in times if limiter.acquire(now).allowed]


def ask(window, limit, *offsets):
    """Return (admitted, Limit, Remaining) for requests at these offsets."""
    limiter = WINDOWS[window](limit)
    return [limiter.acquire(NOW + offset)[:3] for offset in offsets]


def test_none_admits_everything_without_headers():
    """Without a limit, each request is admitted and no header has a value."""
    limiter = WINDOWS["none"](1)
    assert {limiter.acquire(NOW) for _ in range(100)} == {Verdict(True, None, None, None)}


def test_fixed1s_by_hand():
    """A fixed second admits L, counts down to 0, and starts again with the next second."""
    assert ask("fixed1s", 2, 0.5, 0.6, 0.7, 0.999, 1.0) == [
        (True, 2, 1),
        (True, 2, 0),
        (False, 2, 0),
        (False, 2, 0),
        (True, 2, 1),
    ]


def test_sliding1s_by_hand():
    """A sliding second admits the next request exactly one second after an earlier one."""
    assert ask("sliding1s", 2, 0.5, 0.75, 1.25, 1.5, 1.625, 1.75) == [
        (True, 2, 1),
        (True, 2, 0),
        (False, 2, 0),
        (True, 2, 0),
        (False, 2, 0),
        (True, 2, 0),
    ]


def test_fixed10s_rate_by_hand():
    """A fixed window of ten seconds admits 10 L at once; Remaining is a tenth of the budget."""
    verdicts = ask("fixed10s_rate", 2, *[0.0] * 21, 9.5, 10.0)
    assert verdicts[0] == (True, 2, 1)
    assert verdicts[9] == (True, 2, 1)
    assert verdicts[10] == (True, 2, 0)
    assert [allowed for allowed, _, _ in verdicts] == [True] * 20 + [False, False, True]


def test_fixed10s_total_by_hand():
    """The same window with total headers has Limit 10 L, and Remaining is the budget."""
    verdicts = ask("fixed10s_total", 2, *[0.0] * 21)
    assert [verdicts[0], verdicts[19], verdicts[20]] == [
        (True, 20, 19),
        (True, 20, 0),
        (False, 20, 0),
    ]


def test_sliding10s_by_hand():
    """A sliding window of ten seconds admits 10 L, then none until the first is ten seconds old."""
    verdicts = ask("sliding10s", 1, *[5.0] * 11, 14.75, 15.0)
    assert verdicts[0] == (True, 1, 0)
    assert [allowed for allowed, _, _ in verdicts] == [True] * 10 + [False, False, True]


def test_bucket_by_hand():
    """A bucket admits its capacity at once, and then L per second."""
    assert ask("bucket", 4, 0, 0, 0, 0, 0, 0.25, 0.25, 10) == [
        (True, 4, 3),
        (True, 4, 2),
        (True, 4, 1),
        (True, 4, 0),
        (False, 4, 0),
        (True, 4, 0),
        (False, 4, 0),
        (True, 4, 3),
    ]


def test_bucket10_holds_ten_seconds():
    """The large bucket holds 10 L: Remaining shows it, and Limit is L."""
    verdicts = ask("bucket10", 2, *[0.0] * 21)
    assert [verdicts[0], verdicts[19], verdicts[20]] == [
        (True, 2, 19),
        (True, 2, 0),
        (False, 2, 0),
    ]


@given(limits, arrivals)
def test_fixed1s_law(limit, times):
    """A calendar second never admits more than L."""
    seconds = [int(now) for now in admitted("fixed1s", limit, times)]
    assert all(seconds.count(second) <= limit for second in seconds)


@pytest.mark.parametrize("window", ["fixed10s_rate", "fixed10s_total"])
@given(limits, arrivals)
def test_fixed10s_law(window, limit, times):
    """Ten seconds of the clock never admit more than 10 L."""
    decades = [now // 10 for now in admitted(window, limit, times)]
    assert all(decades.count(decade) <= 10 * limit for decade in decades)


@pytest.mark.parametrize(("window", "period"), [("sliding1s", 1), ("sliding10s", 10)])
@given(limits, arrivals)
def test_sliding_law(window, period, limit, times):
    """Any period admits at most L times its length, wherever it begins."""
    let_in = admitted(window, limit, times)
    capacity = limit * period
    later = zip(let_in, let_in[capacity:], strict=False)
    assert all(after - before >= period for before, after in later)


@pytest.mark.parametrize(("window", "holds"), [("bucket", 1), ("bucket10", 10)])
@given(limits, arrivals)
def test_bucket_law(window, holds, limit, times):
    """Between any two admissions there are at most the capacity and the added tokens."""
    let_in = admitted(window, limit, times)
    for first, start in enumerate(let_in):
        for last, end in enumerate(let_in[first:], 1):
            assert last <= holds * limit + limit * (end - start) + 1e-6


@given(limited, limits, arrivals)
def test_headers_are_never_negative(window, limit, times):
    """Remaining is between 0 and the capacity, whatever arrives."""
    limiter = WINDOWS[window](limit)
    for now in times:
        verdict = limiter.acquire(now)
        assert 0 <= verdict.remaining <= 10 * limit
        assert verdict.limit in {limit, 10 * limit}
        assert verdict.config == CONFIG


@given(limited, limits, arrivals)
def test_an_idle_server_admits(window, limit, times):
    """After ten seconds without requests the next is admitted."""
    limiter = WINDOWS[window](limit)
    for now in times:
        limiter.acquire(now)
    assert limiter.acquire(NOW + 60).allowed


@given(limited, limits)
def test_a_clock_that_steps_back_adds_no_budget(window, limit):
    """A clock that steps back adds no budget."""
    limiter = WINDOWS[window](limit)
    while limiter.acquire(NOW).allowed:
        pass
    assert [limiter.acquire(NOW - back).allowed for back in (1, 5, 20)] == [False] * 3


@given(limited, limits, arrivals)
def test_peek_changes_no_decision(window, limit, times):
    """``peek`` before each request changes no decision."""
    watched, alone = WINDOWS[window](limit), WINDOWS[window](limit)
    for now in times:
        seen = watched.peek(now)
        assert seen == watched.peek(now)
        verdict = watched.acquire(now)
        assert seen.allowed == verdict.allowed
        assert verdict == alone.acquire(now)


@given(limited, limits, limits, arrivals)
def test_a_changed_limit_is_in_the_headers(window, before, after, times):
    """After a change the new limit holds, and Remaining is never negative."""
    limiter, fresh = WINDOWS[window](before), WINDOWS[window](after)
    for now in times:
        limiter.acquire(now)
    limiter.set_limit(after)
    verdict = limiter.peek(NOW + 41)
    assert verdict.limit == fresh.peek(NOW + 41).limit
    assert 0 <= verdict.remaining <= 10 * after
    assert limiter.peek(NOW + 99) == fresh.peek(NOW + 99)
