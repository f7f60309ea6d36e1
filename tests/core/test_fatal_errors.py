"""Tests of the failures that end a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats import Failure, Meta, Success, errors, queries
from taskrouter_stats.core.fatal_errors import FatalErrorDetector
from taskrouter_stats.models import WorkerCumulative, WorkerStatistics

OTHER = "WS" + "f" * 32


def query(number=0, workspace="WS" + "a" * 32):
    """Return the query for one Worker."""
    return queries.worker_statistics(workspace, f"WK{number:032x}")


def failure(error, number=0, **place):
    """Return the failure of that Worker's query."""
    return Failure(query(number, **place), error, Meta())


def success(number=0, **place):
    """Return the success of that Worker's query."""
    asked = query(number, **place)
    value = WorkerStatistics(
        worker_sid=asked.sid, workspace_sid=asked.workspace_sid, cumulative=WorkerCumulative()
    )
    return Success(asked, value, Meta())


def verdicts(outcomes):
    """Return what the detector returns for each outcome, in order."""
    watch = FatalErrorDetector()
    return [watch.check(outcome) for outcome in outcomes]


def first_end(outcomes):
    """Return the number of the outcome that ends the run, or None."""
    ends = [n for n, error in enumerate(verdicts(outcomes), 1) if error is not None]
    return ends[0] if ends else None


@pytest.mark.parametrize("before", [[], [success(1)], [success(n) for n in range(50)]])
def test_a_401_ends_the_run(before):
    """A 401 ends the run at once, whatever came before."""
    error = errors.Unauthorized(401)
    assert verdicts([*before, failure(error)])[-1] is error


def test_a_403_before_any_success_ends_the_run():
    """A 403 before any success ends the run."""
    error = errors.Forbidden(403)
    assert verdicts([failure(error)]) == [error]


def test_a_403_after_a_success_does_not_end_the_run():
    """After a success in the same Workspace, a 403 does not end the run."""
    outcomes = [success(0), *(failure(errors.Forbidden(403), n) for n in range(1, 60))]
    assert first_end(outcomes) is None


def test_a_success_in_another_workspace_does_not_count():
    """A success in another Workspace does not keep a 403 from ending the run."""
    assert first_end([success(0, workspace=OTHER), failure(errors.Forbidden(403), 1)]) == 2


@pytest.mark.parametrize(
    "error", [errors.BadRequest(400, 20001), errors.NotFound(404), errors.ServerError(500)]
)
def test_twenty_workers_with_one_error_end_the_run(error):
    """If the first 20 Workers fail with the same error, the twentieth ends the run."""
    assert first_end([failure(error, n) for n in range(30)]) == 20
    assert verdicts([failure(error, n) for n in range(20)])[-1] is error


def test_distinct_workers_are_counted():
    """A Worker that fails in a hundred windows counts once."""
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
def test_a_different_outcome_among_the_first_keeps_the_run(odd, place):
    """A success or another error among the first 20 Workers keeps the run going."""
    outcomes = [failure(errors.NotFound(404, 20404), n) for n in range(60)]
    outcomes.insert(place, odd)
    assert first_end(outcomes) is None


def test_failures_without_a_reply_never_end_a_run():
    """Failures without a reply never end a run."""
    outcomes = [failure(errors.ConnectionFailed("reset"), n) for n in range(60)]
    assert first_end(outcomes) is None


def test_an_untrusted_certificate_ends_a_run():
    """An untrusted certificate ends a run before any success, and not after one."""
    untrusted = errors.UntrustedCertificate("self-signed")
    assert first_end([failure(untrusted, 1)]) == 1
    assert first_end([success(0), *(failure(untrusted, n) for n in range(60))]) is None


statuses = st.sampled_from([(400, 20001), (404, None), (404, 20404), (500, None)])


@given(st.lists(st.none() | statuses, max_size=40))
def test_the_first_twenty_workers_decide(statuses):
    """The run ends exactly if its first 20 Workers all fail with one status and code."""
    outcomes = [
        success(n) if told is None else failure(errors.ApiError(*told), n)
        for n, told in enumerate(statuses)
    ]
    alike = len(statuses) >= 20 and len(set(statuses[:20])) == 1 and statuses[0] is not None
    assert first_end(outcomes) == (20 if alike else None)


@given(statuses.map(lambda told: failure(errors.ApiError(*told))), st.integers(1, 30))
def test_detectors_are_independent(outcome, times):
    """A detector does not know the outcomes of another run."""
    for number in range(times):
        watch = FatalErrorDetector()
        assert watch.check(failure(outcome.error, number)) is None
