"""The search for a rate where no header states a limit."""

import math

import pytest

from taskrouter_stats.core.throttle.blind import (
    CROWD,
    FIRST_SEARCH,
    MEMORY_SHARE,
    MIN_RATE,
    RAMP,
    SHORTEST,
    START,
    BlindSearch,
)
from taskrouter_stats.core.throttle.rate import CALM, DECREASE
from taskrouter_stats.core.throttle.send_log import SendLog

LATE = 0.1


def sent(*times: float) -> SendLog:
    """Return the log of requests sent at these times."""
    log = SendLog()
    for at in times:
        log.record(at)
    return log


def knows_memory(log: SendLog) -> BlindSearch:
    """Return a search that an outage showed that 100 requests are admitted in ten seconds."""
    search = BlindSearch(rate=500.0)
    search.saw_outage(1.6, log, 3.0)
    assert search.next_at(log, 0, LATE) > 0.0
    return search


def test_requests_in_flight_follow_the_admitted_ones():
    """The first eighty in flight take fewer than ten round trips."""
    search, admitted, trips = BlindSearch(), 1, 0
    while search.most_in_flight(admitted, 0.1) < 80:
        admitted, trips = admitted + int(search.most_in_flight(admitted, 0.1)), trips + 1
    assert 5 < trips < 10


def test_garbage_in_headers_makes_the_search_wary():
    """Headers that hold numbers show that there is a limit: fewer requests are in flight."""
    wary, bold = BlindSearch(is_wary=True), BlindSearch()
    for admitted in (20, 100, 500):
        assert wary.most_in_flight(admitted, 0.1) < bold.most_in_flight(admitted, 0.1)


def test_a_wary_search_has_fewer_in_flight_over_a_fast_network():
    """Limits are per second: a fifth of the round trip needs a fifth of the requests in flight."""
    wary = BlindSearch(is_wary=True)
    slow, fast = (wary.most_in_flight(150, srtt) - RAMP[0] for srtt in (0.15, 0.03))
    assert fast == pytest.approx(slow / 5.0)
    assert wary.most_in_flight(150, 9.0) == pytest.approx(slow + RAMP[0])


def watched(in_flight: int = CROWD) -> BlindSearch:
    """Return a search of which one request, sent at 1.0, was refused at 1.2."""
    search = BlindSearch()
    assert search.suspect_crowd(1.0, 1.2, in_flight)
    return search


def test_a_few_requests_in_flight_are_no_crowd():
    """Only many in flight can be refused for their number."""
    search = BlindSearch()
    assert not search.suspect_crowd(1.0, 1.2, CROWD - 1)
    assert not search.judge_crowd()


def test_a_crowd_goes_on_being_admitted():
    """When most of those that were sent later are admitted, too many were in flight."""
    search = watched()
    for _ in range(10):
        search.crowd.saw(1.1, refused=False)
    assert search.judge_crowd()
    assert search.is_growing


def test_admissions_of_earlier_requests_say_nothing():
    """A budget that is used up had admitted those that were sent before the refused one."""
    search = watched()
    for _ in range(10):
        search.crowd.saw(0.9, refused=False)
    assert not search.judge_crowd()


def test_as_many_stay_in_flight_as_were_admitted():
    """Each refused request and each earlier one frees no place; a later, admitted one does."""
    search = watched(in_flight=40)
    search.crowd.saw(0.9, refused=False)
    search.crowd.saw(1.1, refused=True)
    search.crowd.saw(1.1, refused=False)
    assert search.crowd.fits == 38


def test_after_a_crowd_a_few_may_be_one():
    """The account's window holds fewer in flight than the first crowd."""
    search = watched()
    search.crowd.saw(1.1, refused=False)
    assert search.judge_crowd()
    assert search.suspect_crowd(2.0, 2.2, 3)


def test_a_verdict_is_spoken_once():
    """Without a watched crowd a refusal is the pace's."""
    search = watched()
    search.judge_crowd()
    assert not search.judge_crowd()


def test_the_first_cut_takes_what_was_sent_in_a_second():
    """70% of it goes on; then the rate grows until the second cut."""
    search = BlindSearch()
    search.decrease(sent(*(i / 50 for i in range(100))), 2.0, 2.0, LATE, 100)
    assert search.rate == pytest.approx(DECREASE * 50)
    before = search.rate
    assert search.increase(3.0, 0, 0.1) == 4.0
    assert search.rate == pytest.approx((1.0 + FIRST_SEARCH) * before)


def first_cut(resumed_at: float) -> BlindSearch:
    """Return a search that was admitted 60 in 0.3 s, then refused until `resumed_at`."""
    search, log = BlindSearch(), sent(*(i / 200 for i in range(60)))
    search.decrease(log, 0.3, 0.35, LATE, 60)
    search.saw_admission(resumed_at, log)
    return search


@pytest.mark.parametrize(("resumed_at", "seconds"), [(0.4, SHORTEST), (0.8, 0.8), (1.3, 1.0)])
def test_the_first_refusals_tell_how_long_the_admitted_ones_last(
    resumed_at: float, seconds: float
) -> None:
    """The rate is what was admitted over the time until the next admission, at most a second."""
    assert first_cut(resumed_at).rate == pytest.approx(DECREASE * 60 / seconds)


def test_later_outages_do_not_change_the_estimate():
    """After the second cut the rate is learned from refusals alone."""
    search = first_cut(0.8)
    search.decrease(SendLog(), 9.0, 9.0, LATE, 90)
    before = search.rate
    search.saw_admission(9.1, sent(9.1))
    assert search.rate == before


def test_a_long_outage_tells_a_long_memory():
    """After 1.2 seconds without an admission the own average of ten seconds is the rate."""
    search, log = BlindSearch(rate=500.0), sent(*(i / 500 for i in range(500)))
    search.saw_outage(1.1, log, 2.5)
    assert search.memory == 0.0
    search.saw_outage(1.6, log, 2.7)
    assert (search.memory, search.rate, search.is_growing) == (10.0, 50.0, False)


def test_a_window_that_turned_holds_what_came_since():
    """Five hundred before a short outage and as many after it are two windows of five hundred."""
    search = BlindSearch(rate=500.0)
    log = sent(*(i / 500 for i in range(500)), *(2.0 + i / 500 for i in range(500)))
    search.saw_admission(2.0, log)
    search.saw_outage(1.6, log, 4.7)
    assert (search.rate, search.turned_at) == (50.0, 2.0)


def test_a_few_admissions_since_a_refusal_are_no_window():
    """Ten of 510 requests after a refusal: the capacity is what ten seconds admitted."""
    search = BlindSearch(rate=500.0)
    log = sent(*(i / 500 for i in range(500)), *(2.0 + i / 500 for i in range(10)))
    search.saw_admission(2.0, log)
    search.saw_outage(1.6, log, 4.7)
    assert (search.rate, search.turned_at) == (51.0, -math.inf)


def test_a_full_window_waits_for_its_oldest_request():
    """One more goes when the server has forgotten the first of a hundred."""
    log = sent(*(1.0 + i / 100 for i in range(100)))
    assert knows_memory(log).next_at(log, 0, LATE) == pytest.approx(11.0 + LATE)


def test_an_early_admission_shows_a_turn():
    """A window that admits while a sliding one would be full has turned: all is forgotten."""
    log = sent(*(1.0 + i / 100 for i in range(100)))
    search = knows_memory(log)
    search.saw_admission(10.9, log)
    assert search.next_at(log, 0, LATE) > 0.0
    search.saw_admission(6.0, log)
    assert search.next_at(log, 0, LATE) == -math.inf


def test_a_known_capacity_is_left_alone_for_half_a_minute():
    """The rate of a long memory grows only when no refusal came for long."""
    search = knows_memory(sent(*(i / 100 for i in range(100))))
    search.decreased_at = 0.0
    search.increase(CALM - 1.0, 0, 0.1)
    assert search.rate == 10.0
    search.increase(CALM + 1.0, 0, 0.1)
    assert search.rate > 10.0


def grown(calm: float) -> float:
    """Return by which share a rate grows in a second, so long after its second cut."""
    search = BlindSearch(rate=20.0, is_growing=False, rate_at_429=20.0, decreased_at=0.0)
    search.increase(calm, 0, 0.1)
    return search.rate / 20.0 - 1.0


def test_growth_follows_the_third_power_of_the_calm():
    """Who shares grows by little; who is alone at last doubles its rate within half a minute."""
    assert grown(20.0) == pytest.approx(8.0 * grown(10.0))
    search = BlindSearch(rate=5.0, is_growing=False, rate_at_429=5.0, decreased_at=0.0)
    for second in range(1, 37):
        search.increase(float(second), 0, 0.1)
    assert search.rate > 10.0
    assert grown(1e6) == pytest.approx(1.0)


def test_the_second_end_of_a_window_finds_few_in_flight():
    """From half of what the first window admitted on, until as much was admitted again."""
    search = BlindSearch()
    search.decrease(sent(*(i / 500 for i in range(800))), 1.6, 1.7, LATE, 800)
    assert search.most_after_refusal(1199) == math.inf
    assert search.most_after_refusal(1200) == pytest.approx(MEMORY_SHARE / 2.0 * 800)
    assert search.most_after_refusal(1600) == math.inf
    search.decrease(sent(), 4.0, 4.1, LATE, 1300)
    assert search.most_after_refusal(1301) == math.inf


def test_a_small_window_does_not_slow_the_search():
    """Of a hundred admitted requests three per cent would be fewer than the pace needs."""
    search = BlindSearch()
    search.decrease(sent(*(i / 100 for i in range(100))), 1.0, 1.1, LATE, 100)
    assert search.most_after_refusal(150) == START


def test_a_refusal_with_room_shows_a_fixed_window():
    """The log had forgotten half: what is left bounds the window, and the next admission turns."""
    log = sent(*(1.0 + i / 50 for i in range(100)))
    search = knows_memory(log)
    search.decrease(log, 12.0, 12.1, 0.0, 100)
    assert (search.rate, search.is_fixed) == (pytest.approx(5.0, abs=0.1), True)
    search.saw_admission(13.2, log)
    assert search.turned_at == 13.2


def test_a_refusal_of_a_full_window_shows_nothing():
    """All hundred requests are still within ten seconds: the capacity stays."""
    log = sent(*(1.0 + i / 100 for i in range(100)))
    search = knows_memory(log)
    search.decrease(log, 10.0, 10.1, LATE, 100)
    assert (search.rate, search.is_fixed) == (10.0, False)


def test_refusals_alone_never_stop_it():
    """A server that refuses every second request whatever the pace still gets some."""
    search = BlindSearch()
    for second in range(1000):
        search.decrease(sent(float(second)), float(second), float(second), LATE, second)
    assert search.rate == MIN_RATE
