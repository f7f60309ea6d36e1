"""The throttle: grants, tickets and clocks, and a test for each way in which one has failed."""

import math

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle.limit_model import (
    PER_SECOND,
    TEN_SECOND_AVERAGE,
    TEN_SECOND_TOTAL,
)
from taskrouter_stats.core.throttle.pause import MAX_CREDIBLE_RETRY_AFTER, MAX_RETRY_AFTER
from taskrouter_stats.core.throttle.rate import MARGIN, TIMER_SLACK
from taskrouter_stats.core.throttle.throttle import Throttle
from tests.core.throttle.throttle_scenarios import RTT, answer, burst, opened, refuse, told


def test_the_first_request_is_a_probe() -> None:
    """Until a request is admitted, one is in flight."""
    throttle = Throttle(0.0)
    assert burst(throttle, 0.0)
    wait = throttle.check(0.0, interactive=True)
    assert (wait.seconds, wait.reason) == (math.inf, "probe")


def test_unsend_leaves_no_trace() -> None:
    """A permit that was not used changes neither debt, ledger, surplus nor the next slot."""
    throttle = opened(pace_limit=20.0)
    throttle.reserve(0.2)
    throttle.pace.drain(0.4)
    now = 0.4
    throttle._slot_at = slot = now
    debt, before = throttle.pace.debt, (throttle.estimator.credit(now), throttle.snapshot(now))
    throttle.cancel(throttle.reserve(now))
    assert before == (throttle.estimator.credit(now), throttle.snapshot(now))
    assert (throttle._slot_at, throttle.pace.debt) == pytest.approx((slot, debt))


def test_what_was_gone_at_first_is_soon_history() -> None:
    """Who finds a spent budget and nobody spending from it goes at the whole pace in a second."""
    throttle = Throttle(0.0)
    answer(throttle, [throttle.reserve(0.0)], 0.1, told(remaining=4.0))
    assert not throttle.estimator.is_exclusive(1.0)
    assert throttle.pace.rate < 10.0
    for now in (0.6, 0.9, 1.2):
        answer(throttle, [throttle.reserve(now)], now + RTT, told(remaining=49.0))
    assert throttle.estimator.is_exclusive(1.3)
    assert throttle.pace.rate == pytest.approx(48.75)


def test_other_clients_that_go_on_are_not_history() -> None:
    """Who finds a spent budget, and others spending on, keeps to a part of it."""
    throttle = Throttle(0.0)
    answer(throttle, [throttle.reserve(0.0)], 0.1, told(remaining=40.0))
    for now, left in ((0.5, 30.0), (0.8, 22.0), (1.2, 9.0)):
        answer(throttle, [throttle.reserve(now)], now + RTT, told(remaining=left))
    assert not throttle.estimator.is_exclusive(10.0)
    assert throttle.pace.rate < 25.0


def test_what_waits_for_its_connection_has_not_departed() -> None:
    """It takes credit from its leave on, and stands in the ledger from its departure on."""
    throttle = opened()
    credit, total = throttle.estimator.credit(0.2), throttle.estimator.log.total
    sent = throttle.reserve(0.2, departs=False)
    assert (throttle.in_flight, throttle.estimator.log.total) == (1, total)
    assert throttle.estimator.credit(0.2) == credit - 1.0
    throttle.mark_sent(sent, 0.7)
    throttle.mark_sent(sent, 0.9)
    assert (sent.at, sent.number, throttle.estimator.log.total) == (0.7, total + 1, total + 1)
    assert throttle.estimator.credit(0.7) == credit - 1.0
    answer(throttle, [sent], 0.8, told(remaining=40.0))
    assert throttle.estimator.latency.srtt < 0.2


def test_what_never_departed_was_not_spent() -> None:
    """When no connection is made, or leave is given back, the server has counted nothing."""
    throttle = opened()
    before, total = throttle.estimator.credit(0.2), throttle.estimator.log.total
    throttle.abandon(throttle.reserve(0.2, departs=False))
    throttle.cancel(throttle.reserve(0.2, departs=False))
    assert (throttle.in_flight, throttle.estimator.log.total) == (0, total)
    assert throttle.estimator.credit(0.2) == before


def test_a_reply_to_what_was_not_seen_to_depart_counts() -> None:
    """A reply proves that its request departed, be it told or not."""
    throttle = opened()
    sent = throttle.reserve(0.2, departs=False)
    answer(throttle, [sent], 0.3, told(remaining=40.0))
    assert (sent.number, throttle.estimator.unsent, throttle.in_flight) == (2, 0, 0)


def test_a_clock_that_stands_or_runs_back_is_harmless() -> None:
    """Time that does not pass drains nothing and breaks nothing."""
    throttle = opened()
    sent = throttle.reserve(5.0)
    answer(throttle, [sent], 4.0, told(remaining=40.0))
    assert throttle.check(4.0, interactive=False).seconds >= 0.0
    assert throttle.estimator.latency.srtt >= 0.0


def test_a_late_timer_costs_no_pace() -> None:
    """Timers that wake a millisecond late still send the limit less its margin."""
    throttle, now, count = opened(), 1.0, 0
    while now < 11.0:
        for sent in burst(throttle, now):
            count += 1
            answer(throttle, [sent], now, told())
        now += throttle.check(now, interactive=False).seconds + 0.001
    assert count >= 10 * 48


def test_idleness_stores_no_pace() -> None:
    """After a minute of nothing, credit aside, a slot is a slot; limit and reading stay."""
    throttle = opened(remaining=0.0)
    throttle.pace.drain(60.0)
    assert throttle.pace.debt >= -TIMER_SLACK * throttle.pace.rate
    assert (throttle.estimator.limit, throttle.estimator.model) == (50.0, PER_SECOND)


# The failure modes, by their names. --------------------------------------------------------


def test_two_bursts_across_a_boundary_prove_no_average() -> None:
    """Twice the limit within a moment, the window turning between, stays PER_SECOND."""
    throttle, now = opened(), 0.2
    for full in (49.0, 50.0):
        left = full
        for _ in range(6):
            for one in burst(throttle, now, 8):
                left -= 1.0
                answer(throttle, [one], now + RTT, told(remaining=left))
            now += RTT
    assert throttle.estimator.model is PER_SECOND


def test_a_slow_counter_proves_an_average_and_a_surprise_takes_it_back() -> None:
    """A tenth per request means an average; a quiet 429 takes it back."""
    throttle, now, count = opened(), 0.2, 1
    for _ in range(8):
        for one in burst(throttle, now, 20):
            count += 1
            answer(throttle, [one], now + RTT, told(remaining=math.floor(50.0 - count / 10.0)))
        now += 2.0 * RTT
    assert throttle.estimator.model is TEN_SECOND_AVERAGE
    refuse(throttle, throttle.reserve(now), now + RTT, RateLimit())
    assert throttle.estimator.model is PER_SECOND


def test_a_refusal_with_some_left_is_not_the_budgets() -> None:
    """With credit by the reading in force a 429 is another limit's, and the pace stays."""
    throttle = opened()
    rate = throttle.pace.rate
    assert refuse(throttle, throttle.reserve(0.5), 0.6, told(remaining=48.0)) is True
    assert throttle.pace.rate == rate


def test_the_own_past_is_no_rival() -> None:
    """After a burst into an average, low remainders with nothing sent lately mean nobody."""
    throttle = opened()
    now = 0.2
    for _ in range(300):
        throttle.reserve(now)
        throttle.abandon(throttle.reserve(now))
        now += 0.001
    answer(throttle, [throttle.reserve(5.0)], 5.1, told(remaining=0.0))
    assert throttle.estimator.is_exclusive(5.1)


def test_a_rival_ends_bulk_credit_and_only_bulks() -> None:
    """What was not sent from here others spent: bulk is paced, interactive keeps its credit."""
    throttle = opened(remaining=30.0)
    throttle.pace.debt = 20.0
    assert throttle.check(0.1, interactive=False).reason == "shared"
    assert throttle.check(0.1, interactive=True).seconds == 0.0


def test_half_of_the_credit_stays_at_home() -> None:
    """A bursting client keeps half in hand, so that an even rival shows before it is gone."""
    throttle = opened()
    throttle._admission.admitted = 1000
    assert len(burst(throttle, 0.1)) <= 25 + 1


def test_a_lone_refusal_costs_little() -> None:
    """While alone, one 429 with nothing left takes two margins."""
    throttle = opened()
    rate = throttle.pace.rate
    sent = [throttle.reserve(0.5 + 0.001 * i) for i in range(50)]
    refuse(throttle, sent[-1], 0.6, told(remaining=0.0))
    assert throttle.pace.rate == pytest.approx((1.0 - 2.0 * MARGIN) * rate)


def test_an_outage_is_not_probed_every_moment() -> None:
    """Refusals of a shared budget for longer than a second turn ten seconds' sends into debt."""
    throttle, now = opened(remaining=20.0), 0.2
    for _ in range(100):
        throttle.abandon(throttle.reserve(now))
        now += 0.001
    while throttle.estimator.model is PER_SECOND:
        now += min(throttle.check(now, interactive=False).seconds, 1.0)
        if throttle.check(now, interactive=False).seconds == 0.0:
            refuse(throttle, throttle.reserve(now), now + RTT, told(remaining=0.0))
            now += RTT
        assert now < 30.0
    assert throttle.check(now + 1.0, interactive=False).seconds > 1.0


@pytest.mark.parametrize("remaining", [0.0, -7.0, 1e6])
def test_a_header_alone_never_holds_the_pace_down(remaining: float) -> None:
    """With 200s only, a remainder that is always the same leads to the limit's pace."""
    throttle, now, times = Throttle(0.0), 0.0, list[float]()
    while now < 60.0:
        for sent in burst(throttle, now):
            times.append(now)
            answer(throttle, [sent], now + 0.01, told(remaining=remaining))
        now += min(throttle.check(now, interactive=False).seconds, 0.02)
    assert sum(at > 50.0 for at in times) >= 9 * 48


def test_a_limit_for_ten_seconds_is_found_without_a_refusal() -> None:
    """A counter that falls one by one for longer than a second is TEN_SECOND_TOTAL."""
    throttle, now, left = opened(500.0), 0.2, 499.0
    while throttle.estimator.model is PER_SECOND and now < 4.0:
        for sent in burst(throttle, now, 40):
            left -= 1.0
            answer(throttle, [sent], now + RTT, told(500.0, left))
        now += RTT
    assert left > 0.0
    assert throttle.estimator.model is TEN_SECOND_TOTAL
    assert throttle.pace.rate == pytest.approx(50.0)


def test_a_pause_is_no_debt() -> None:
    """Retry-After moves the pause alone: debt counts sends only."""
    throttle = opened()
    refuse(throttle, throttle.reserve(0.5), 0.6, told(remaining=0.0, retry_after=3.0))
    assert throttle.check(0.7, interactive=True).reason == "paused"
    assert throttle.pace.debt <= 2.0


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        (0.0, 0.0, 1.0),
        (1.0, 1.0, 1.0),
        (3600.0, MAX_RETRY_AFTER, MAX_RETRY_AFTER),
        (MAX_CREDIBLE_RETRY_AFTER, MAX_RETRY_AFTER, MAX_RETRY_AFTER),
        (MAX_CREDIBLE_RETRY_AFTER + 1.0, 0.0, 1.0),
        (1e9, 0.0, 1.0),
        (1e300, 0.0, 1.0),
    ],
)
def test_retry_after_is_obeyed_within_bounds(said: float, least: float, most: float) -> None:
    """Zero does not hammer, no number stalls for hours, and an absurd one not at all."""
    throttle = opened()
    refuse(throttle, throttle.reserve(0.5), 0.6, told(remaining=0.0, retry_after=said))
    assert least - 1e-9 <= throttle.check(0.6, interactive=False).seconds <= most + 1e-9
    assert throttle.check(0.6, interactive=False).seconds > 0.0


@pytest.mark.parametrize("limit", [None, 0.0, -5.0, 1e12])
def test_a_limit_that_is_none_is_learned_from_refusals(limit: float | None) -> None:
    """Without a usable limit the pace searches upward and the first refusal ends the search."""
    throttle = Throttle(0.0)
    now = 0.0
    for _ in range(40):
        for sent in burst(throttle, now, 5):
            answer(throttle, [sent], now + 0.01, RateLimit(limit=limit))
        now += 0.05
    searched = throttle.pace.rate
    refuse(throttle, throttle.reserve(now), now + 0.01, RateLimit())
    assert searched > 50.0
    assert throttle.pace.rate < searched


def test_a_limit_that_appears_or_steps_is_followed() -> None:
    """A limit that replies agree on sets the pace, a new one scales it, and the debt stays."""
    throttle = Throttle(0.0)
    answer(throttle, [throttle.reserve(0.0)], 0.1, RateLimit())
    answer(throttle, [throttle.reserve(0.2)], 0.3, told(50.0, 49.0))
    answer(throttle, [throttle.reserve(0.3)], 0.35, told(50.0, 48.0))
    answer(throttle, [throttle.reserve(0.35)], 0.38, told(50.0, 47.0))
    assert throttle.pace.rate <= 50.0
    throttle.pace.rate, debt = 48.0, throttle.pace.debt
    answer(throttle, [throttle.reserve(0.4)], 0.4, told(10.0, 9.0))
    assert throttle.pace.rate == 48.0
    answer(throttle, [throttle.reserve(0.45)], 0.45, told(10.0, 8.0))
    assert throttle.pace.rate == pytest.approx(9.6)
    assert throttle.pace.debt <= debt + 2.0
    sent = [throttle.reserve(3.0), throttle.reserve(3.0)]
    answer(throttle, sent, 3.1, told(100.0, 99.0))
    assert throttle.pace.rate > 90.0


def test_config_may_change_freely() -> None:
    """The opaque header decides nothing."""
    one, two = opened(), opened()
    for throttle, config in ((one, "a"), (two, "b")):
        sent = throttle.reserve(0.2)
        reply = RateLimit(limit=50.0, remaining=40.0, config=config)
        throttle.observe(sent, 0.3, reply, refused=False, jitter=0.5)
    assert one.check(0.31, interactive=False) == two.check(0.31, interactive=False)


def test_the_reserve_is_kept_where_it_is_used() -> None:
    """Once interactive requests were seen, bulk leaves them four percent of the budget."""
    throttle = opened(100.0)
    throttle.check(0.1, interactive=True)
    throttle._admission.admitted, now, left = 1000, 0.1, 99.0
    for _ in range(40):
        for sent in burst(throttle, now, 10):
            left -= 1.0
            answer(throttle, [sent], now, told(100.0, left))
    assert left >= 4.0
    assert throttle.check(now, interactive=True).seconds == 0.0


def test_snapshot_tells_why_it_waits() -> None:
    """The budget's numbers as the server put them, and the reason of a bulk request's wait."""
    throttle = opened()
    refuse(throttle, throttle.reserve(0.5), 0.6, told(remaining=0.0))
    seen = throttle.snapshot(0.6)
    assert (seen.limit, seen.remaining, seen.sent, seen.refused) == (50.0, 0.0, 2, 1)
    assert seen.reason == "paused"
