"""Which failure ends a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Failure, Meta, Success, errors, queries
from taskrouter_stats.core.fatal_errors import FatalErrorDetector
from taskrouter_stats.models import WorkerCumulative, WorkerStatistics

OTHER = "WS" + "f" * 32


def query(number=0, workspace="WS" + "a" * 32):
    """Return the question for one worker."""
    return queries.worker_statistics(workspace, f"WK{number:032x}")


def failure(error, number=0, **place):
    """Return that worker's failure."""
    return Failure(query(number, **place), error, Meta())


def success(number=0, **place):
    """Return that worker's success."""
    asked = query(number, **place)
    value = WorkerStatistics(
        worker_sid=asked.sid, workspace_sid=asked.workspace_sid, cumulative=WorkerCumulative()
    )
    return Success(asked, value, Meta())


def verdicts(outcomes):
    """Return what the watch says of each outcome, in order."""
    watch = FatalErrorDetector()
    return [watch.check(outcome) for outcome in outcomes]


def first_end(outcomes):
    """Return the number of the outcome that ends the run, or None."""
    ends = [n for n, error in enumerate(verdicts(outcomes), 1) if error is not None]
    return ends[0] if ends else None


@pytest.mark.parametrize("before", [[], [success(1)], [success(n) for n in range(50)]])
def test_a_401_ends_the_run(before):
    """Wrong credentials end the run at once, whatever came before."""
    error = errors.Unauthorized(401)
    assert verdicts([*before, failure(error)])[-1] is error


def test_a_403_before_any_success_ends_the_run():
    """A permission that is missing from the start is missing for all."""
    error = errors.Forbidden(403)
    assert verdicts([failure(error)]) == [error]


def test_a_403_after_a_success_is_one_workers():
    """Once the operation worked in this workspace, a 403 is one worker's own trouble."""
    outcomes = [success(0), *(failure(errors.Forbidden(403), n) for n in range(1, 60))]
    assert first_end(outcomes) is None


def test_a_success_elsewhere_says_nothing():
    """A success in another workspace does not excuse a 403 in this one."""
    assert first_end([success(0, workspace=OTHER), failure(errors.Forbidden(403), 1)]) == 2


@pytest.mark.parametrize(
    "error", [errors.BadRequest(400, 20001), errors.NotFound(404), errors.ServerError(500)]
)
def test_twenty_workers_with_one_error_end_the_run(error):
    """When the first 20 workers all fail alike, the twentieth's error ends the run."""
    assert first_end([failure(error, n) for n in range(30)]) == 20
    assert verdicts([failure(error, n) for n in range(20)])[-1] is error


def test_distinct_workers_are_counted():
    """One worker that fails in a hundred windows is one worker."""
    outcomes = [failure(errors.NotFound(404), n % 19) for n in range(400)]
    assert first_end(outcomes) is None


@pytest.mark.parametrize(
    "odd",
    [
        success(99),
        failure(errors.NotFound(404, 20405), 99),
        failure(errors.BadRequest(400, 20404), 99),
        failure(errors.TimedOut(1.0), 99),
        failure(errors.PayloadError(["$: wrong"]), 99),
    ],
)
@pytest.mark.parametrize("place", [0, 7, 18])
def test_one_that_differs_among_the_first(odd, place):
    """One success or other error among the first twenty shows that not all fail alike."""
    outcomes = [failure(errors.NotFound(404, 20404), n) for n in range(60)]
    outcomes.insert(place, odd)
    assert first_end(outcomes) is None


def test_failures_without_a_reply_never_end_a_run():
    """A network that is down for a moment is no word of the server's."""
    outcomes = [failure(errors.ConnectionFailed("reset"), n) for n in range(60)]
    assert first_end(outcomes) is None


def test_an_untrusted_certificate_ends_a_run():
    """It ends a run in which nothing has succeeded; after a success it is one query's failure."""
    untrusted = errors.UntrustedCertificate("self-signed")
    assert first_end([failure(untrusted, 1)]) == 1
    assert first_end([success(0), *(failure(untrusted, n) for n in range(60))]) is None


statuses = st.sampled_from([(400, 20001), (404, None), (404, 20404), (500, None)])


@given(st.lists(st.none() | statuses, max_size=40))
def test_the_rule_of_twenty(statuses):
    """The run ends exactly when its first twenty workers all fail with one status and code."""
    outcomes = [
        success(n) if told is None else failure(errors.ApiError(*told), n)
        for n, told in enumerate(statuses)
    ]
    alike = len(statuses) >= 20 and len(set(statuses[:20])) == 1 and statuses[0] is not None
    assert first_end(outcomes) == (20 if alike else None)


@given(statuses.map(lambda told: failure(errors.ApiError(*told))), st.integers(1, 30))
def test_a_watch_is_one_runs(outcome, times):
    """What one run has seen, another does not know."""
    for number in range(times):
        watch = FatalErrorDetector()
        assert watch.check(failure(outcome.error, number)) is None
