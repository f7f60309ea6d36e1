"""One number among garbage does not hold the pace down."""

from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.core.throttle.throttle import Throttle
from tests.core.throttle.throttle_scenarios import told

NOTHING = RateLimit()


def lived(replies, seconds=120.0):
    """A throttle that asked as fast as it may, each reply 50 ms later, the headers in a circle."""
    throttle, now, number = Throttle(0.0), 0.0, 0
    while now < seconds and number < 3000:
        wait = throttle.check(now, interactive=False).seconds
        now += wait
        sent = throttle.reserve(now)
        now += 0.05
        told_now = replies[number % len(replies)]
        throttle.observe(sent, now, told_now, refused=False, jitter=0.5)
        number += 1
    return throttle, number / now


def test_one_plausible_limit_among_garbage_is_forgotten():
    """A limit that one reply in sixteen tells is forgotten, and requests go one after another."""
    throttle, pace = lived([told(3.75, None), *[NOTHING] * 15])
    assert throttle.estimator.limit is None
    assert pace > 15


def test_a_limit_that_most_replies_tell_is_kept():
    """A reply without headers now and then does not make a known limit forgotten."""
    throttle, _ = lived([*[told(10.0, 5.0)] * 3, NOTHING])
    assert throttle.estimator.limit == 10.0


def test_a_lost_limit_leaves_a_pace():
    """When presumed others are gone and no limit is believed any more, the pace is not zero."""
    throttle = Throttle(0.0)
    throttle.estimator.others.presumed = True
    throttle.observe(throttle.reserve(0.0), 0.1, RateLimit(), refused=False, jitter=0.5)
    assert throttle.pace.rate > 0.0
