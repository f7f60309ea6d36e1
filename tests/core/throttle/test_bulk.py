"""The part of a budget that bulk requests may use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.throttle import Throttle
from taskrouter_stats.core.throttle.bulk import BulkPart
from tests.core.throttle.throttle_scenarios import RTT, answer, burst, opened, told

shares = st.floats(0.01, 0.99)


@given(shares, st.floats(0.0, 0.9))
def test_a_burst_leaves_the_reserve(reserved: float, headroom: float) -> None:
    """Bulk requests leave the reserved share of ``Remaining`` beside the headroom."""
    if headroom + reserved >= 0.99:
        return
    throttle = opened(100.0, 99.0, headroom=headroom, reserved=reserved)
    total, now = 1, 0.1
    for _ in range(20):
        sent = burst(throttle, now)
        total += len(sent)
        answer(throttle, sent, now, told(100.0, max(0.0, 100.0 - total)))
    assert total <= 100.0 * (1.0 - headroom - reserved) + 1.0


@given(shares)
def test_an_interactive_request_may_use_the_reserve(reserved: float) -> None:
    """After a bulk burst, interactive requests go at once until nothing remains."""
    throttle, now = opened(100.0, 99.0, reserved=reserved), 0.2
    sent = burst(throttle, now)
    answer(throttle, sent, now + RTT, told(100.0, 99.0 - len(sent)))
    left = 99 - len(sent)
    for _ in range(left):
        assert throttle.check(now + RTT, interactive=True).seconds == 0.0
        throttle.reserve(now + RTT, interactive=True)
    assert left >= int(100 * reserved) - 1
    assert throttle.check(now + RTT, interactive=True).seconds > 0.0


@given(shares, st.lists(st.floats(0.0, 3.0), max_size=60))
def test_bulk_keeps_its_part_of_a_counter_that_is_always_full(
    reserved: float, gaps: list[float]
) -> None:
    """Over any time, bulk gets its part of one full budget and of the rate, whatever remains."""
    throttle, now, count = opened(20.0, 19.0, reserved=reserved), 0.2, 1
    for gap in gaps:
        for ticket in burst(throttle, now, most=100):
            count += 1
            answer(throttle, [ticket], now, told(20.0, 20.0))
        assert count <= (1.0 - reserved) * 20.0 * (1.0 + now) + 2.0
        now += gap


def test_interactive_requests_are_not_charged_to_bulk() -> None:
    """Interactive requests leave bulk's own part as it was."""
    throttle = opened(50.0, reserved=0.2)
    before = throttle.bulk.pace.debt
    for _ in range(10):
        throttle.reserve(0.2, interactive=True)
    assert throttle.bulk.pace.debt == before
    throttle.reserve(0.0)
    assert throttle.bulk.pace.debt > before


@pytest.mark.parametrize("interactive", [True, False])
def test_a_cancelled_request_was_never_charged(interactive: bool) -> None:
    """A reservation that is taken back leaves the debt of bulk requests as it was."""
    throttle = opened(50.0, reserved=0.2)
    before = throttle.bulk.pace.debt
    throttle.cancel(throttle.reserve(0.0, interactive=interactive))
    assert throttle.bulk.pace.debt == before


def test_the_wait_ends_when_the_part_is_free() -> None:
    """A bulk request that waits for its part goes at the stated time, and not before."""
    part = BulkPart.of(0.5, 0.0, 0.0)
    assert part.burst_delay(0.0, 10.0, 10.0) == 0.0
    for _ in range(5):
        part.charge(0.0)
    wait = part.burst_delay(0.0, 10.0, 10.0)
    assert wait == pytest.approx(0.2)
    assert part.burst_delay(0.9 * wait, 10.0, 10.0) > 0.0
    assert part.burst_delay(wait, 10.0, 10.0) == pytest.approx(0.0, abs=1e-9)


def test_the_reserve_is_a_share_of_the_limit() -> None:
    """With 50% headroom, 30% of the limit is 60% of what the session may use."""
    assert BulkPart.of(0.3, 0.5, 0.0).part == pytest.approx(0.4)


def test_nothing_reserved_bounds_nothing() -> None:
    """Without a reserve, bulk requests have no debt of their own and no wait."""
    throttle = Throttle(0.0)
    for _ in range(1000):
        throttle.bulk.charge(0.0)
    assert throttle.bulk.pace.debt == 0.0
    assert throttle.bulk.burst_delay(0.0, 1.0, 1.0) == throttle.bulk.delay(0.0, 1.0) == 0.0
