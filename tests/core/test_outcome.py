"""Tests of outcomes: a value or an error, with its query."""

import pickle

import attrs
import pytest

from taskrouter_stats import Failure, Meta, Success, errors, queries
from taskrouter_stats.core.rate_limit import RateLimit
from taskrouter_stats.models import WorkerCumulative, WorkerStatistics

QUERY = queries.worker_statistics("WS" + "a" * 32, "WK" + "b" * 32)
META = Meta(200, RateLimit(50.0, 49.0), "RQ1", 0.25, 2, 1)
VALUE = WorkerStatistics(
    worker_sid="WK" + "b" * 32, workspace_sid="WS" + "a" * 32, cumulative=WorkerCumulative()
)
SUCCESS = Success(QUERY, VALUE, META)
FAILURE = Failure(QUERY, errors.NotFound(404), META)


def test_a_success_unwraps_to_its_value():
    """``unwrap`` of a success returns its value."""
    assert SUCCESS.unwrap() is VALUE


def test_a_failure_unwraps_to_its_error():
    """``unwrap`` of a failure raises its error."""
    with pytest.raises(errors.NotFound) as caught:
        FAILURE.unwrap()
    assert caught.value is FAILURE.error


def test_match_separates_outcomes():
    """A match statement separates outcomes by their fields."""
    for outcome in (SUCCESS, FAILURE):
        match outcome:
            case Success(query=query, value=value):
                assert (query, value) == (QUERY, VALUE)
            case Failure(query=query, error=errors.NotFound(status=status)):
                assert (query, status) == (QUERY, 404)


def test_outcomes_pickle():
    """A pickled outcome keeps its query, its value or error, and its meta."""
    assert pickle.loads(pickle.dumps(SUCCESS)) == SUCCESS
    arrived = pickle.loads(pickle.dumps(FAILURE))
    assert (arrived.query, arrived.meta) == (QUERY, META)
    assert (type(arrived.error), arrived.error.status) == (errors.NotFound, 404)


@pytest.mark.parametrize("outcome", [SUCCESS, FAILURE])
def test_outcomes_are_frozen(outcome):
    """An outcome cannot be changed."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        outcome.meta = Meta()


def test_meta_of_an_unsent_request_is_empty():
    """A request that was not sent has no status, attempts, refusals, server's time or age."""
    assert attrs.astuple(Meta(), recurse=False) == (None, RateLimit(), None, 0.0, 0, 0, None, 0.0)
