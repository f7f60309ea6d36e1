"""The account-wide window."""

import math

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.throttle.concurrency import ConcurrencyLimit


def crowd(window: ConcurrencyLimit, count: int) -> list[float]:
    """Put requests in flight."""
    return [window.start() for _ in range(count)]


def refuse(window: ConcurrencyLimit, flight: int) -> None:
    """Answer with a 429 that was not the budget's."""
    window.observe(flight, refused=True, account_wide=True)


def test_without_a_refusal_there_is_no_bound() -> None:
    """The window starts open."""
    window = ConcurrencyLimit()
    crowd(window, 1000)
    assert window.check(interactive=False).seconds == 0.0


def test_a_crowd_leaves_the_places_that_were_admitted() -> None:
    """Of 40 requests in flight 12 are refused: 28 may be in flight from then on."""
    window = ConcurrencyLimit()
    for flight in crowd(window, 40)[28:]:
        refuse(window, flight)
    assert window.limit == 28


def test_a_request_after_a_refusal_belongs_to_the_next_crowd() -> None:
    """Its refusal counts from the number that is in flight then."""
    window = ConcurrencyLimit()
    flights = crowd(window, 40)
    refuse(window, flights[0])
    for flight in flights[10:]:
        window.observe(flight, refused=False, account_wide=False)
    refuse(window, crowd(window, 1)[0])
    assert window.limit == 9


def test_a_refusal_of_the_budget_changes_nothing() -> None:
    """A 429 with nothing left is the throttle's business."""
    window = ConcurrencyLimit()
    window.observe(window.start(), refused=True, account_wide=False)
    assert window.limit == math.inf


def test_an_admission_may_bring_the_verdict() -> None:
    """Refusals of which nobody knew the reason count when a later reply tells it."""
    window = ConcurrencyLimit()
    flights = crowd(window, 40)
    for flight in flights[:12]:
        window.observe(flight, refused=True, account_wide=False)
    assert window.limit == math.inf
    window.observe(flights[12], refused=False, account_wide=True)
    assert window.limit == 28


def test_the_last_place_is_for_interactive_requests() -> None:
    """A full window still lets one interactive request through."""
    window = ConcurrencyLimit(limit=5.0)
    while window.check(interactive=False).seconds == 0.0:
        window.start()
    assert window.in_flight == 4
    assert window.check(interactive=True).seconds == 0.0


def test_replies_open_the_window_again() -> None:
    """A window of replies adds half a place."""
    window = ConcurrencyLimit(limit=10.0)
    for _ in range(10):
        window.observe(window.start(), refused=False, account_wide=False)
    assert 10.4 < window.limit < 10.5


@given(st.lists(st.sampled_from(["send", "ok", "refuse", "release"]), max_size=60))
def test_in_flight_is_true_and_the_window_never_shuts(story: list[str]) -> None:
    """Whatever happens, the count is exact and somebody may always go."""
    window, flights = ConcurrencyLimit(), list[float]()
    for what in story:
        if what == "send":
            flights.append(window.start())
        elif flights:
            flight = flights.pop()
            if what == "refuse":
                refuse(window, flight)
            elif what == "ok":
                window.observe(flight, refused=False, account_wide=False)
            else:
                window.release()
        assert window.in_flight == len(flights)
        assert window.limit >= 1.0
        assert window.in_flight or window.check(interactive=False).seconds == 0.0
