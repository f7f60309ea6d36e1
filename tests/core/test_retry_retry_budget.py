"""Tests of the retries that a session can afford."""

import random

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.retry import RetryBudget


def spent(budget, wanted):
    """Return how many of so many retries the budget affords."""
    return sum(budget.spend() for _ in range(wanted))


@given(st.integers(0, 1_000))
def test_it_never_holds_more_than_at_the_start(answers):
    """After any number of answers, one outage gets at most 200 retries."""
    budget = RetryBudget()
    for _ in range(answers):
        budget.earn()
    assert spent(budget, 500) == 200


def test_two_answers_add_a_retry():
    """In an empty budget every second answer adds one retry."""
    budget = RetryBudget(0.0)
    assert not budget.spend()
    for _ in range(11):
        budget.earn()
    assert spent(budget, 100) == 5


def test_a_quarter_of_failures_is_affordable():
    """If 25% of 20,000 sends fail by chance, no retry is denied."""
    budget, chance = RetryBudget(), random.Random(0).random
    for _ in range(20_000):
        if chance() < 0.25:
            assert budget.spend()
        else:
            budget.earn()
