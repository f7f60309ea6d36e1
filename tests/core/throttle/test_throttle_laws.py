"""The throttle's laws: any sequence of replies, refusals, losses, cancellations and clocks."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from taskrouter_stats.core.throttle.rate import MEMORY, TIMER_SLACK
from taskrouter_stats.core.throttle.throttle import Throttle
from tests.core.throttle.throttle_scenarios import (
    Story,
    answer,
    burst,
    events,
    opened,
    options,
    told,
)


@settings(max_examples=150, deadline=None)
@given(events, options)
def test_any_story_keeps_the_laws(story_events: list[tuple], option: dict[str, float]) -> None:
    """No NaN, no negative or hopeless wait, bounded debt and pace, a true count in flight."""
    story = Story(Throttle(0.0, **option))
    for event in story_events:
        story.live(*event)
        pace = story.throttle.pace
        assert 0.0 < pace.rate < math.inf
        assert pace.debt >= -TIMER_SLACK * max(pace.rate, 1e6) - 81.0
        assert pace.debt <= MEMORY * max(pace.rate, 1e6)
        assert story.throttle.in_flight == len(story.open)
        assert not math.isnan(story.throttle.snapshot(story.now).pace)


@settings(max_examples=60, deadline=None)
@given(events)
def test_in_flight_returns_to_zero(story_events: list[tuple]) -> None:
    """Whatever happened, answering or losing what is open leaves nothing in flight."""
    story = Story(Throttle(0.0))
    for event in story_events:
        story.live(*event)
    for sent in story.open:
        story.throttle.abandon(sent)
    assert story.throttle.in_flight == 0


@settings(max_examples=60, deadline=None)
@given(events)
def test_a_queued_request_is_sent_within_bounded_time(story_events: list[tuple]) -> None:
    """With replies arriving, leave comes within the pause, ten seconds and a reply."""
    story = Story(Throttle(0.0))
    for event in story_events:
        story.live(*event)
    throttle, now = story.throttle, max(story.now, *(s.at for s in story.open), 0.0)
    answer(throttle, story.open, now, told(remaining=0.0))
    deadline = max(now, throttle._pause.until) + MEMORY + 1.0
    while (wait := throttle.check(now, interactive=False).seconds) > 0.0:
        assert wait < math.inf
        now += wait
        assert now <= deadline


@settings(max_examples=60, deadline=None)
@given(events, events)
def test_two_budgets_never_affect_each_other(one: list[tuple], two: list[tuple]) -> None:
    """A throttle's answers depend on its own events alone."""
    alone, beside, other = (Story(Throttle(0.0)) for _ in range(3))
    for event in one:
        alone.live(*event)
    for event, noise in zip(one, (two + one)[: len(one)], strict=True):
        beside.live(*event)
        other.live(*noise)
    asked = alone.throttle.check(alone.now, interactive=False)
    assert beside.throttle.check(beside.now, interactive=False) == asked


@given(st.integers(1, 60), st.floats(0.0, 0.999))
def test_at_most_one_cut_per_epoch(count: int, jitter: float) -> None:
    """Requests that were on their way together cut the pace once."""
    throttle = opened()
    sent = [throttle.reserve(0.2) for _ in range(count)]
    rates = set[float]()
    for one in sent:
        throttle.observe(one, 0.3, told(remaining=0.0), refused=True, jitter=jitter)
        rates.add(throttle.pace.rate)
    assert len(rates) == 1


@given(st.floats(0.0, 50.0), st.floats(0.0, 50.0))
def test_an_older_request_never_raises_credit(newer: float, older: float) -> None:
    """The word of a request that was sent earlier replaces nothing."""
    throttle = opened()
    first, second = throttle.reserve(0.2), throttle.reserve(0.25)
    answer(throttle, [second], 0.3, told(remaining=newer))
    before = throttle.estimator.credit(0.35)
    answer(throttle, [first], 0.35, told(remaining=older))
    assert throttle.estimator.credit(0.35) <= before


@given(st.floats(0.5, 200.0), st.floats(0.0005, 0.004))
def test_pace_limit_holds_bursts_included(pace_limit: float, late: float) -> None:
    """Over any second at most `pace_limit` requests and the one that begins it are sent."""
    throttle, now, times = opened(500.0, pace_limit=pace_limit), 0.2, list[float]()
    while now < 4.0:
        wait = throttle.check(now, interactive=True).seconds
        if wait == 0.0:
            times.append(now)
            answer(throttle, [throttle.reserve(now)], now, told(500.0, 500.0))
        else:
            now += min(wait, 1.0) + late
    for first in times:
        count = sum(first <= at < first + 1.0 for at in times)
        assert count <= pace_limit * (1.0 + TIMER_SLACK) + 1.0 + 1e-6


@given(st.floats(0.0, 0.9))
def test_headroom_is_never_spent(headroom: float) -> None:
    """A burst leaves the share of `Remaining` that the user keeps."""
    throttle = opened(100.0, 99.0, headroom=headroom)
    total, now = 1, 0.1
    for _ in range(20):
        sent = burst(throttle, now)
        total += len(sent)
        answer(throttle, sent, now, told(100.0, max(0.0, 100.0 - total)))
    assert total <= 100.0 * (1.0 - headroom) + 1.0
