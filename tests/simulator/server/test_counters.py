"""The counters of requests and replies."""

import pytest

from taskrouter_stats.simulator.server.counters import Counters, Counts


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (200, "succeeded"),
        (429, "refused"),
        (401, "unauthorized"),
        (404, "not_found"),
        (400, "rejected"),
        (405, "rejected"),
    ],
)
def test_each_status_has_its_count(status, name):
    """A reply counts once by its status, for its resource key and in total."""
    counters = Counters()
    counters.enter("Worker")
    counters.leave("Worker", status)
    expected = Counts(requests=1, **{name: 1})
    assert counters.by_key == {"Worker": expected}
    assert getattr(counters, name) == counters.requests == 1


def test_requests_in_flight_are_counted():
    """The number of requests in flight goes up and down; its maximum stays."""
    counters = Counters()
    assert [counters.enter("a"), counters.enter("b"), counters.enter("a")] == [1, 2, 3]
    counters.leave("a", 200)
    counters.leave("b", 200)
    assert (counters.in_flight, counters.max_in_flight) == (1, 3)
    assert counters.by_key["a"].requests == 2


def test_a_request_without_a_reply_has_no_status():
    """A request that ends before its reply counts only as a request."""
    counters = Counters()
    counters.enter("a")
    counters.leave("a", None)
    assert counters.by_key == {"a": Counts(requests=1)}


def test_a_reply_with_a_fault_counts_by_the_sent_status():
    """A reply with a fault counts by the status that was sent, for its key and in total."""
    counters = Counters()
    counters.enter("Worker")
    counters.leave("Worker", 200)
    counters.recount("Worker", 200, 429)
    assert counters.by_key == {"Worker": Counts(requests=1, refused=1)}
    assert (counters.succeeded, counters.refused) == (0, 1)
