"""Scouts, looks and credit: which rule lets the next request go."""

import math
from itertools import pairwise

import pytest

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle import Throttle
from taskrouter_stats.core.throttle.limit_model import TEN_SECOND_AVERAGE
from tests.core.throttle.throttle_scenarios import RTT, answer, burst, opened, refuse, told


def spent(credit: float = 10.0) -> tuple[Throttle, float]:
    """Return a throttle under an average of ten seconds, nearly all of it sent, and the time."""
    throttle, now = opened(), 0.2
    throttle.estimator.model = TEN_SECOND_AVERAGE
    throttle._admission.admitted = 1000
    for sent in range(1, 500 - int(credit)):
        ticket = throttle.reserve(now)
        answer(throttle, [ticket], now + RTT, told(remaining=math.floor(50.0 - sent / 10.0)))
        now += 0.001
    return throttle, now


def wait(throttle: Throttle, now: float, waiting: int) -> float:
    """Return how long a bulk request waits when so many are still to come."""
    return throttle.check(now, interactive=False, waiting=waiting).seconds


def test_the_last_credit_is_spread_over_the_wait() -> None:
    """With more to come than the credit admits, gaps grow in proportion to the time since start."""
    throttle, now = spent(credit=10.0)
    sent = [now]
    for number in range(490, 500):
        now += wait(throttle, now, waiting=300)
        sent.append(now)
        left = told(remaining=math.floor(50.0 - number / 10.0))
        answer(throttle, [throttle.reserve(now)], now + RTT, left)
        now += RTT
    gaps = [later - at for at, later in pairwise(sent)]
    assert gaps[0] < 0.5
    assert gaps == sorted(gaps)
    assert max(longer / gap for gap, longer in pairwise(gaps)) < 1.6
    assert now == pytest.approx(throttle.estimator.busy_since + throttle.estimator.past, rel=0.2)


def test_a_job_that_fits_keeps_no_scouts() -> None:
    """What is still to come and fits into the credit goes at once."""
    throttle, now = spent(credit=10.0)
    assert wait(throttle, now, waiting=5) == 0.0


@pytest.mark.parametrize(("room", "is_scout"), [(0, False), (5, False), (15, True), (250, True)])
def test_only_what_the_last_window_can_take_is_kept(room: int, is_scout: bool) -> None:
    """Ten requests of credit are scouts if a last window with ten more than the rest exists."""
    throttle, now = spent(credit=10.0)
    assert (wait(throttle, now, waiting=10 + 500 - room) > 0.0) is is_scout


def test_interactive_requests_are_no_scouts() -> None:
    """An interactive request goes while there is any credit."""
    throttle, now = spent(credit=10.0)
    assert throttle.check(now, interactive=True, waiting=300).seconds == 0.0


def test_without_credit_the_log_tells_the_time() -> None:
    """The wait ends when the oldest own request is surely forgotten, and not when debt is paid."""
    throttle, now = spent(credit=0.0)
    seconds = throttle.check(now, interactive=True).seconds
    assert now + seconds == pytest.approx(0.0 + throttle.estimator.past, abs=0.01)


def test_a_turn_that_was_seen_gathers_the_scouts() -> None:
    """After a turn between 0 and 0.1 s, the next scouts wait for 10 s, and go soon after."""
    throttle, now = spent(credit=10.0)
    throttle.estimator.refills.turned_after, throttle.estimator.refills.turned_before = 0.0, 0.1
    at = now + wait(throttle, now, waiting=300)
    assert 10.0 < at < 10.1


def test_a_shared_budget_has_no_scouts() -> None:
    """Beside another client a bulk request waits for the pace."""
    throttle, now = spent(credit=10.0)
    throttle.estimator.others.saw(now, 10.0, 10.0, 1.0)
    assert throttle.check(now, interactive=False, waiting=300).reason == "shared"


def test_a_remainder_that_is_no_longer_told_holds_nothing_back() -> None:
    """When replies stop telling `Remaining`, the last one told does not space requests out."""
    throttle = opened(remaining=1.0)
    for now in (0.3, 1.5, 2.7):
        answer(throttle, [throttle.reserve(now)], now + RTT, told())
    assert wait(throttle, 3.7, waiting=300) == 0.0


def unlimited(admitted: int = 200) -> Throttle:
    """Return a throttle that heard of no limit, with so many requests admitted by 1.0 s."""
    throttle = Throttle(0.0)
    for i in range(admitted):
        answer(throttle, [throttle.reserve(i / admitted)], i / admitted + RTT, RateLimit())
    return throttle


def test_earlier_requests_let_none_go_after_a_refusal() -> None:
    """A budget that is used up had admitted them before; their replies say nothing."""
    throttle = unlimited()
    early = [throttle.reserve(2.0) for _ in range(20)]
    late = [throttle.reserve(2.05) for _ in range(20)]
    assert not refuse(throttle, late[0], 2.15, RateLimit())
    answer(throttle, early, 2.16, RateLimit())
    assert wait(throttle, 2.2, waiting=300) == math.inf


def test_each_admission_of_a_later_request_lets_one_go() -> None:
    """A crowd that is too large stays as large as the server admits."""
    throttle = unlimited()
    early = [throttle.reserve(2.0) for _ in range(20)]
    late = [throttle.reserve(2.05) for _ in range(20)]
    refuse(throttle, early[0], 2.1, RateLimit())
    answer(throttle, late[:5], 2.16, RateLimit())
    assert len(burst(throttle, 2.2)) == 5
