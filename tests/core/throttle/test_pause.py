"""How long nobody may send after a 429."""

import pytest

from taskrouter_stats.core.throttle.pause import MAX_SECONDS, ROUND_TRIPS, Pause

SRTT = 0.2


def paused(pause: Pause, now: float, *, is_crowd: bool = False) -> float:
    """Return the seconds that a 429 at `now` pauses for, with the mean of the jitter."""
    pause.start(now, SRTT, 0.5, None, is_crowd=is_crowd)
    return max(0.0, pause.until - now)


def test_pauses_double_until_the_longest() -> None:
    """The first is half a round trip, each later one twice as long, none beyond the longest."""
    pause = Pause()
    seconds = [paused(pause, 10.0 * i) for i in range(8)]
    assert seconds[:3] == pytest.approx([ROUND_TRIPS * SRTT * 2.0**i for i in range(3)])
    assert seconds[-1] == pytest.approx(MAX_SECONDS)


def test_the_first_refusal_of_a_crowd_is_not_paused_for() -> None:
    """The account's window holds requests back; only a second refusal in a row pauses."""
    pause = Pause()
    assert paused(pause, 1.0, is_crowd=True) == 0.0
    assert paused(pause, 2.0, is_crowd=True) > 0.0


def test_a_crowd_obeys_retry_after() -> None:
    """What the server asks for is waited for, whatever was refused."""
    pause = Pause()
    pause.start(1.0, SRTT, 0.5, 3.0, is_crowd=True)
    assert pause.until == pytest.approx(4.0)


def test_a_thousand_refusals_in_a_row_pause_as_long_as_ten() -> None:
    """Doubling has an end, however often the server refuses."""
    pause = Pause()
    seconds = [paused(pause, 10.0 * i) for i in range(2000)]
    assert seconds[-1] == pytest.approx(MAX_SECONDS)


def test_an_admission_makes_the_next_pause_short_again() -> None:
    """The first refusal after an admitted request pauses for half a round trip."""
    pause = Pause()
    for i in range(5):
        paused(pause, 10.0 * i)
    pause.consecutive_429s = 0
    assert paused(pause, 100.0) == pytest.approx(ROUND_TRIPS * SRTT)
