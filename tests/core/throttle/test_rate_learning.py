"""What replies make of the pace of a known limit."""

from taskrouter_stats.core.throttle.rate_learning import should_probe
from tests.core.throttle.throttle_scenarios import RTT, answer, opened, refuse, told


def test_a_counter_that_always_says_nothing_is_left_is_probed() -> None:
    """Twenty admissions in a row, with nothing left after each, mean nothing."""
    throttle, now = opened(remaining=20.0), 0.2
    throttle.estimator.others.expect(now, 0.5)
    refuse(throttle, throttle.reserve(now), now + RTT, told(remaining=0.0))
    answers = []
    for _ in range(25):
        now += 0.2
        answers.append(should_probe(throttle.pace, throttle.estimator, now))
        answer(throttle, [throttle.reserve(now)], now + RTT, told(remaining=0.0))
    assert answers == [False] * 20 + [True] * 5
    answer(throttle, [throttle.reserve(now)], now + RTT, told(remaining=5.0))
    assert not should_probe(throttle.pace, throttle.estimator, now)
