"""A server that spoils a quarter of its replies, and a gateway that lies, over real sockets."""

from tests.benchmarks.fault_storm import storm
from tests.benchmarks.lying_gateway import LIES, name_of

QUERIES = 750


async def test_every_query_survives_faults():
    """Each query ends in one outcome, each success is true, and retries stay few."""
    found = await storm(QUERIES, lies=0.0)
    assert found.outcomes == QUERIES
    assert (found.wrong, found.silent) == (0, 0)
    assert found.failures["ServerDown"] == 0
    assert found.failures.total() < 0.1 * QUERIES
    assert 1 < found.attempts_each <= 1.6
    unseen = found.attempts + found.refused - found.requests
    assert 0 <= unseen < 0.25 * QUERIES  # requests that reached a closing connection


async def test_no_lie_passes_for_the_truth():
    """Among faults and lies no success is wrong, and nothing is missing without an error."""
    found = await storm(QUERIES)
    assert found.outcomes == QUERIES
    assert (found.wrong, found.silent) == (0, 0)
    assert found.failures["ServerDown"] == 0
    assert found.exports == 1
    assert {name_of(lie) for lie in LIES["Statistics"]} <= found.lies.keys()
