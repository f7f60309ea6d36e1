"""A server that spoils a quarter of its answers, over real sockets."""

from tests.benchmarks.fault_storm import storm

QUERIES = 1_500


async def test_a_storm_of_faults():
    """Each query ends in one outcome, each success is true, and retries stay few."""
    found = await storm(QUERIES)
    assert found.outcomes == QUERIES
    assert found.wrong == 0
    assert found.failures.get("ServerDown", 0) == 0
    assert sum(found.failures.values()) < 0.1 * QUERIES
    assert 1 < found.attempts_each <= 1.6
    unseen = found.attempts + found.refused - found.requests
    assert 0 <= unseen < 0.25 * QUERIES  # what met a closed port, and nothing else
