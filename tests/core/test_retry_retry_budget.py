"""How many retries a session can afford."""

import random

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.retry import RetryBudget


def spent(budget, wanted):
    """How many of so many retries it pays for."""
    return sum(budget.spend() for _ in range(wanted))


@given(st.integers(0, 1_000))
def test_it_never_holds_more_than_at_first(answers):
    """However many answers came, two hundred retries are the most that one outage gets."""
    budget = RetryBudget()
    for _ in range(answers):
        budget.earn()
    assert spent(budget, 500) == 200


def test_two_answers_earn_a_retry():
    """Once it is empty, every second answer pays for one."""
    budget = RetryBudget(0.0)
    assert not budget.spend()
    for _ in range(11):
        budget.earn()
    assert spent(budget, 100) == 5


def test_a_quarter_of_failures_is_affordable():
    """At 25% of failures by chance no retry of 20,000 sends is denied."""
    budget, chance = RetryBudget(), random.Random(0).random
    for _ in range(20_000):
        if chance() < 0.25:
            assert budget.spend()
        else:
            budget.earn()
