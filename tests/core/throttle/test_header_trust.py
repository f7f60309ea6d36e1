"""Which limit is believed."""

import pytest

from taskrouter_stats.core.throttle.header_trust import LimitAgreement


def heard(limits):
    """Return the agreement after replies to requests 1, 2, 3…"""
    agreement = LimitAgreement()
    for number, limit in enumerate(limits, start=1):
        agreement.update(limit, number, refused=False)
    return agreement


def test_the_first_limit_is_believed_at_once():
    """One reply is enough when no other says anything else."""
    assert heard([50.0]).limit == 50.0


def test_a_change_needs_two_replies():
    """A limit that one reply tells changes nothing; the second in a row changes it."""
    assert heard([50.0, 50.0, 10.0]).limit == 50.0
    assert heard([50.0, 50.0, 10.0, 10.0]).limit == 10.0


def test_an_older_request_changes_nothing():
    """Replies out of order do not bring a former limit back."""
    agreement = heard([50.0, 50.0, 10.0, 10.0])
    agreement.update(50.0, 1, refused=False)
    agreement.update(50.0, 2, refused=False)
    assert agreement.limit == 10.0


def test_a_quarter_of_the_replies_is_enough():
    """A server that tells its limit in every fourth reply is believed."""
    assert heard([50.0, None, None, None] * 50).limit == 50.0


@pytest.mark.parametrize("limits", [[3.75, *[None] * 15] * 20, [float(n) for n in range(1, 200)]])
def test_garbage_is_not_believed(limits):
    """Neither one number in sixteen replies nor another one each time is a limit."""
    assert heard(limits).limit is None


@pytest.mark.parametrize("limit", [None, 0.0, 0.01, -5.0, 0.99, 1e7])
def test_a_limit_that_admits_no_request_is_not_one(limit):
    """A limit below one request, or beyond any server, counts as missing."""
    assert heard([limit]).limit is None


@pytest.mark.parametrize("limit", [0.0, -1.0, 1e7])
def test_an_impossible_limit_speaks_against_a_possible_one(limit):
    """A plausible number is not believed once the next reply states one that cannot be a limit."""
    assert heard([3.75, limit]).limit is None
    assert heard([50.0] * 10 + [limit]).limit == 50.0


def test_silent_refusals_weigh_nothing_unless_refusals_state_limits():
    """A 429 without headers is no sign of garbage where no 429 has them, and one where some do."""
    agreement = heard([50.0])
    for number in range(2, 100):
        agreement.update(None, number, refused=True)
    assert agreement.limit == 50.0
    agreement.update(3.75, 100, refused=True)
    for number in range(101, 150):
        agreement.update(None, number, refused=True)
    assert agreement.limit is None
