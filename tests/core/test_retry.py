"""Tests of retry decisions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import RetryPolicy, errors
from taskrouter_stats.core.retry import GIVE_UP, GiveUp, RetryAfter, RetryBudget, decide

seconds = st.floats(0, 1e6)
counts = st.integers(1, 10_000)
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 10),
    base=seconds,
    cap=seconds | st.just(math.inf),
    max_elapsed=seconds | st.just(math.inf),
    refusals=st.integers(1, 30),
)
TRANSIENT = [
    errors.ConnectionFailed("reset"),
    errors.TimedOut(30.0),
    errors.TransportError("lost"),
    *(errors.ServerError(status) for status in (500, 502, 503, 504)),
    errors.BadRequest(408),
]
FINAL = [
    errors.BadRequest(400),
    errors.Unauthorized(401),
    errors.Forbidden(403),
    errors.NotFound(404),
    errors.BadRequest(409),
    errors.ServerError(501),
    errors.ServerError(505),
    errors.ApiError(302),
    errors.PayloadError(["$: no JSON"]),
    errors.PaceError(1.0, 2.0),
    errors.SessionClosed("closed"),
    errors.UsageError("wrong"),
    ValueError("a bug"),
]
REFUSED = errors.RateLimited()
each = st.sampled_from
DEFAULT = RetryPolicy()


def decided(error, policy=DEFAULT, budget=None, **given):
    """Decide with defaults: the first failure of a safe bulk request, with the longest jitter."""
    start = {"retry_safe": True, "attempts": 1, "refused": 0, "elapsed": 0.0, "jitter": 1.0}
    budget = budget or RetryBudget()
    return decide(
        error, policy, budget, **{**start, "interactive": False, "down_for": 0.0, **given}
    )


@given(
    each([*TRANSIENT, *FINAL, REFUSED]),
    policies,
    st.booleans(),
    counts,
    st.integers(0, 40),
    seconds,
    st.floats(0, 1, exclude_max=True),
)
def test_waits_are_bounded(error, policy, safe, attempts, refused, elapsed, jitter):
    """A wait is a finite number from zero to the cap and ends before ``max_elapsed``."""
    decision = decided(
        error,
        policy,
        retry_safe=safe,
        attempts=attempts,
        refused=refused,
        elapsed=elapsed,
        jitter=jitter,
    )
    if isinstance(decision, GiveUp):
        return
    assert math.isfinite(decision.seconds)
    assert 0 <= decision.seconds <= policy.cap
    assert decision.seconds <= policy.base * 2.0 ** (min(attempts, 65) - 1)
    assert isinstance(error, errors.RateLimited) or elapsed + decision.seconds <= policy.max_elapsed
    assert isinstance(error, errors.RateLimited) or (safe and attempts < policy.attempts)


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_transient_failures_are_retried(error):
    """A temporary failure is retried if the request may be sent twice."""
    assert decided(error) == RetryAfter(0.1)
    assert decided(error, retry_safe=False) == GIVE_UP


@pytest.mark.parametrize("error", FINAL, ids=repr)
def test_other_failures_are_not_retried(error):
    """A failure that would repeat is not retried."""
    assert decided(error) == GIVE_UP


@given(policies, st.integers(0, 40), counts, seconds, st.booleans())
def test_a_429_waits_only_for_the_pacer(policy, refused, attempts, elapsed, safe):
    """A 429 adds no wait, may be retried for every request, and only its number is bounded."""
    decision = decided(
        REFUSED, policy, refused=refused, attempts=attempts, elapsed=elapsed, retry_safe=safe
    )
    assert decision == (RetryAfter(0.0) if refused < policy.refusals else GIVE_UP)


def test_backoff_doubles_up_to_the_cap():
    """The upper bound of the backoff doubles with each attempt up to the cap."""
    policy = RetryPolicy(attempts=100, base=0.1, cap=2.0)
    waits = [decided(TRANSIENT[0], policy, attempts=n).seconds for n in range(1, 8)]
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_jitter_is_full():
    """The backoff is anywhere between zero and its upper bound."""
    waits = [decided(TRANSIENT[0], jitter=jitter).seconds for jitter in (0.0, 0.25, 0.5)]
    assert waits == [0.0, 0.025, 0.05]


@pytest.mark.parametrize(("attempts", "again"), [(1, True), (4, True), (5, False), (6, False)])
def test_attempts_are_sends(attempts, again):
    """Five attempts are five sends, the first included."""
    assert isinstance(decided(TRANSIENT[0], attempts=attempts), RetryAfter) == again


@pytest.mark.parametrize(("elapsed", "again"), [(119.8, True), (119.9, True), (119.95, False)])
def test_max_elapsed_counts_the_coming_wait(elapsed, again):
    """No retry starts if its wait would end after ``max_elapsed``."""
    assert isinstance(decided(TRANSIENT[0], elapsed=elapsed), RetryAfter) == again


def test_a_million_attempts_do_not_overflow():
    """The exponent of the backoff is bounded."""
    policy = RetryPolicy(attempts=10**9, cap=math.inf, max_elapsed=math.inf)
    assert math.isfinite(decided(TRANSIENT[0], policy, attempts=10**8).seconds)


@pytest.mark.parametrize("name", ["attempts", "refusals"])
@pytest.mark.parametrize("value", [0, -1, 1.0, True, "5", None, math.inf])
def test_counts_of_a_policy_are_whole_numbers(name, value):
    """Attempts and refusals are whole numbers, 1 or more."""
    with pytest.raises(errors.InvalidParameter, match=name):
        RetryPolicy(**{name: value})


@pytest.mark.parametrize("name", ["base", "cap", "max_elapsed"])
@pytest.mark.parametrize("value", [-0.1, math.nan, -math.inf, True, "5", None])
def test_times_of_a_policy_are_seconds(name, value):
    """Times of a policy are numbers of seconds, 0 or more."""
    with pytest.raises(errors.InvalidParameter, match=name):
        RetryPolicy(**{name: value})


def test_an_infinite_base_is_refused():
    """An infinite base is refused."""
    with pytest.raises(errors.InvalidParameter, match="base"):
        RetryPolicy(base=math.inf)


DOWN = errors.ServerDown(0.7, 0.3)


@pytest.mark.parametrize("interactive", [True, False])
def test_a_restart_is_waited_for(interactive):
    """Every request waits for the next probe while a server restarts, as nothing was sent."""
    decision = decided(DOWN, interactive=interactive, retry_safe=False, attempts=9)
    assert decision == RetryAfter(0.3)


def test_an_outage_ends_the_wait():
    """A fetch fails half a second after the first probe, bulk requests after the cap."""
    for down_for, interactive, waits in [
        (0.5, True, True), (0.6, True, False), (10.0, False, True), (10.1, False, False),
    ]:  # fmt: skip
        for error in (errors.ServerDown(down_for, 0.5), errors.TimedOut(30.0)):
            decision = decided(error, interactive=interactive, down_for=down_for)
            assert isinstance(decision, RetryAfter) == waits


def test_the_wait_for_a_probe_ends_before_max_elapsed():
    """The wait for the next probe ends before ``max_elapsed``."""
    assert decided(DOWN, elapsed=119.7) == RetryAfter(0.3)
    assert decided(DOWN, elapsed=119.8) == GIVE_UP


def test_only_retries_take_tokens():
    """Without tokens there are no retries; a 429 and a server that is down take none."""
    budget = RetryBudget(1.0)
    assert decided(REFUSED, budget=budget) == RetryAfter(0.0)
    assert decided(DOWN, budget=budget) == RetryAfter(0.3)
    assert decided(FINAL[0], budget=budget) == GIVE_UP
    assert decided(TRANSIENT[0], budget=budget) == RetryAfter(0.1)
    assert decided(TRANSIENT[0], budget=budget) == GIVE_UP
    assert decided(DOWN, budget=budget) == RetryAfter(0.3)


def test_defaults_are_the_documented_ones():
    """The policy has the documented defaults."""
    assert RetryPolicy() == RetryPolicy(
        attempts=5, base=0.1, cap=10.0, max_elapsed=120.0, refusals=20
    )


class TestReusedConnection:
    """Tests of a failure on a connection that may have been dead before the send."""

    @staticmethod
    def lost(error=None):
        """Return a failure of a reused connection."""
        error = error or errors.ConnectionFailed("reset")
        error.on_reused_connection = True
        return error

    @pytest.mark.parametrize("error", [errors.ConnectionFailed("reset"), errors.TimedOut(30.0)])
    def test_it_is_retried_at_once_without_tokens(self, error):
        """The next attempt starts at once, even if the retry budget is empty."""
        budget = RetryBudget()
        while budget.spend():
            pass
        assert decided(self.lost(error), budget=budget) == RetryAfter(0.0)

    def test_it_counts_as_an_attempt(self):
        """The policy's attempts, time and safety apply."""
        assert decided(self.lost(), attempts=DEFAULT.attempts) == GIVE_UP
        assert decided(self.lost(), elapsed=DEFAULT.max_elapsed + 1) == GIVE_UP
        assert decided(self.lost(), retry_safe=False) == GIVE_UP


def test_the_answer_to_another_query_is_retried():
    """The answer to another query is retried; a body that no model can hold is not."""
    other = errors.PayloadError(["$.worker_sid: other"], for_other_query=True)
    assert isinstance(decided(other), RetryAfter)
    assert decided(other, attempts=DEFAULT.attempts) == GIVE_UP


def test_an_untrusted_certificate_is_not_retried():
    """An untrusted certificate is not retried."""
    assert decided(errors.UntrustedCertificate("self-signed")) == GIVE_UP
