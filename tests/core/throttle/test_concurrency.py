"""The account-wide window."""

import math

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.throttle.concurrency import CEILING_SECONDS, Concurrency, Flight


def crowd(window: Concurrency, count: int) -> list[Flight]:
    """Put requests in flight."""
    return [window.send() for _ in range(count)]


def refuse(window: Concurrency, flight: Flight, concurrent: int | None = None) -> None:
    """Answer with a 429 that was not the budget's."""
    window.observe(flight, 0.0, concurrent, refused=True, elsewhere=True)


def test_without_a_refusal_there_is_no_bound() -> None:
    """The window starts open."""
    window = Concurrency()
    crowd(window, 1000)
    assert window.ask(interactive=False).seconds == 0.0


def test_a_crowd_closes_the_window_once() -> None:
    """Requests that were refused together count as one refusal."""
    window = Concurrency()
    flights = crowd(window, 40)
    for flight in reversed(flights):
        refuse(window, flight)
    assert window.width == 0.7 * 40


def test_a_refusal_of_the_budget_changes_nothing() -> None:
    """A 429 with nothing left is the throttle's business."""
    window = Concurrency()
    window.observe(window.send(), 0.0, None, refused=True, elsewhere=False)
    assert window.width == math.inf


def test_the_last_place_is_for_interactive_requests() -> None:
    """A full window still lets one interactive request through."""
    window = Concurrency(width=5.0)
    while window.ask(interactive=False).seconds == 0.0:
        window.send()
    assert window.in_flight == 4
    assert window.ask(interactive=True).seconds == 0.0


def test_replies_open_the_window_again() -> None:
    """A window of replies adds six tenths of a place."""
    window = Concurrency(width=10.0)
    for _ in range(10):
        window.observe(window.send(), 0.0, None, refused=False, elsewhere=False)
    assert 10.5 < window.width < 10.6


def test_near_the_ceiling_it_stays() -> None:
    """The account's own count near the least that was refused stops growth, for a minute."""
    window = Concurrency()
    refuse(window, crowd(window, 40)[0], concurrent=21)
    width = window.width
    window.observe(window.send(), 1.0, 19, refused=False, elsewhere=False)
    assert window.width == width
    later = CEILING_SECONDS + 1.0
    window.observe(window.send(), later, 19, refused=False, elsewhere=False)
    assert window.width > width


@given(st.lists(st.sampled_from(["send", "ok", "refuse", "release", "twice"]), max_size=60))
def test_in_flight_is_true_and_the_window_never_shuts(story: list[str]) -> None:
    """Whatever happens, the count is exact and somebody may always go."""
    window, flights = Concurrency(), list[Flight]()
    for what in story:
        if what == "send":
            flights.append(window.send())
        elif flights:
            flight = flights[-1] if what == "twice" else flights.pop()
            if what == "refuse":
                refuse(window, flight, 5)
            elif what == "ok":
                window.observe(flight, 0.0, None, refused=False, elsewhere=False)
            else:
                window.release(flight)
                window.release(flight)
            if what == "twice":
                flights.pop()
        assert window.in_flight == len(flights)
        assert window.width >= 1.0
        assert window.in_flight or window.ask(interactive=False).seconds == 0.0
